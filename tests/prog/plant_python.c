/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plant_python - an extension module of Python: plant.reverse(text). */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "plant.h"

static PyObject *reverse(PyObject *self, PyObject *arg)
{
	const char *text = PyUnicode_AsUTF8(arg);
	char out[256];

	(void)self;
	if (!text)
		return NULL;
	if (strlen(text) >= sizeof(out)) {
		PyErr_SetString(PyExc_ValueError, "too long");
		return NULL;
	}
	return reversed(text, out) ? PyErr_NoMemory() : PyUnicode_FromString(out);
}

static PyMethodDef methods[] = {
	{"reverse", reverse, METH_O, "A text backwards."},
	{NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "plant",
	.m_size = -1,
	.m_methods = methods,
};

PyMODINIT_FUNC PyInit_plant(void);
PyMODINIT_FUNC PyInit_plant(void)
{
	return PyModule_Create(&module);
}
