// SPDX-License-Identifier: GPL-2.0-or-later
// Zoom, search and keys for the picture that flame__draw has drawn. What a traced program chose comes
// in by textContent and setAttribute only: it is text, whatever it looks like.
(function () {
	"use strict";
	var SVG = "http://www.w3.org/2000/svg", HTML = "http://www.w3.org/1999/xhtml";
	var ROW = 18, CHAR = 7.3, WIDTH = 1200, THINNEST = 0.5;
	var picture = document.getElementById("flame");
	var bar = document.getElementById("flame-bar");
	var tree = JSON.parse(document.getElementById("flame-data").textContent);
	var top = Number(picture.getAttribute("data-top"));
	var n = tree.parent.length;
	var depth = new Array(n), end = new Array(n), left = new Array(n);
	var values, byCount = false, zoomed = 0, focused = 0, wanted = "", drawn = {};

	// Nodes come before their callees: one pass down for depths, one up for where subtrees end.
	function measure() {
		var used = new Array(n).fill(0), i, p;

		values = byCount ? tree.count : tree.bytes;
		for (i = 0; i < n; i++) {
			p = tree.parent[i];
			depth[i] = i ? depth[p] + 1 : 0;
			left[i] = i ? left[p] + used[p] : 0;
			if (i)
				used[p] += values[i];
			end[i] = i + 1;
		}
		for (i = n - 1; i > 0; i--)
			if (end[tree.parent[i]] < end[i])
				end[tree.parent[i]] = end[i];
	}

	function name(i) {
		return tree.names[tree.name[i]];
	}

	function matches(i) {
		return wanted !== "" && name(i).toLowerCase().indexOf(wanted) >= 0;
	}

	function percent(part, whole) {
		return whole ? (100 * part / whole).toFixed(2) + " %" : "0 %";
	}

	function number(n) {
		return n.toLocaleString("en");
	}

	function describe(i) {
		var image = tree.names[tree.image[i]], who = name(i) + (image ? " [" + image + "]" : ""), c;

		if (tree.change) {
			c = tree.change[i].map(number);
			return who + ": from " + c[0] + " to " + c[1] + " bytes, from " + c[2] + " to " + c[3] +
				" allocations";
		}
		return who + ": " +
			tree.bytes[i].toLocaleString("en") + " bytes in " +
			tree.count[i].toLocaleString("en") + " allocations, " +
			percent(values[i], values[0]) + (byCount ? " of all allocations" : " of all bytes");
	}

	function element(space, tag, attributes, text) {
		var e = document.createElementNS(space, tag), key;

		for (key in attributes)
			e.setAttribute(key, attributes[key]);
		if (text !== undefined)
			e.textContent = text;
		return e;
	}

	function box(i, x, w) {
		var isUp = i < zoomed && end[i] > zoomed;
		var g = element(SVG, "g", {
			"class": "k" + tree.hue[i] + (isUp ? " up" : "") + (matches(i) ? " hit" : ""),
			"tabindex": i === focused ? 0 : -1,
			"role": "button",
			"aria-label": describe(i),
			"data-node": i
		});
		var y = top + depth[i] * ROW, fits = Math.floor((w - 6) / CHAR), label = name(i);

		g.appendChild(element(SVG, "title", {}, describe(i)));
		g.appendChild(element(SVG, "rect", {x: x.toFixed(2), y: y, width: w.toFixed(2), height: ROW - 1}));
		if (fits >= 3) {
			if (label.length > fits)
				label = label.slice(0, fits - 1) + "\u2026";
			g.appendChild(element(SVG, "text", {x: (x + 3).toFixed(2), y: y + 13}, label));
		}
		return g;
	}

	function draw() {
		var frames = element(SVG, "g", {"class": "fl", "id": "flame-frames"});
		var whole = values[zoomed], scale = whole ? WIDTH / whole : 0, path = [], i, w;

		drawn = {};
		for (i = tree.parent[zoomed]; zoomed; i = tree.parent[i]) {
			path.push(i);
			if (!i)
				break;
		}
		path.reverse().forEach(function (up) {
			drawn[up] = frames.appendChild(box(up, 0, WIDTH));
		});
		for (i = zoomed; i < end[zoomed];) {
			w = i === zoomed ? WIDTH : values[i] * scale;
			if (w < THINNEST) {
				i = end[i];
				continue;
			}
			drawn[i] = frames.appendChild(box(i, (left[i] - left[zoomed]) * scale, w));
			i++;
		}
		picture.replaceChild(frames, document.getElementById("flame-frames"));
	}

	function focus(i) {
		if (!drawn[i])
			return;
		if (drawn[focused])
			drawn[focused].setAttribute("tabindex", -1);
		focused = i;
		drawn[i].setAttribute("tabindex", 0);
		drawn[i].focus();
		say(describe(i));
	}

	function zoom(i) {
		zoomed = focused = i;
		draw();
		focus(i);
	}

	function say(text) {
		status.textContent = text;
	}

	// Frames below a match are not counted again.
	function search() {
		var frames = 0, sum = 0, i = 0;

		wanted = input.value.toLowerCase();
		draw();
		if (wanted === "") {
			say("");
			return;
		}
		for (i = 0; i < n; i++)
			frames += matches(i);
		for (i = 0; i < n; i = matches(i) ? end[i] : i + 1)
			if (matches(i))
				sum += values[i];
		say(frames.toLocaleString("en") + " frames match, with " + sum.toLocaleString("en") +
			(byCount ? " allocations, " : " bytes, ") + percent(sum, values[0]));
	}

	function neighbour(i, step) {
		var p = tree.parent[i], last = -1, k;

		for (k = p + 1; i && k < end[p]; k = end[k]) {
			if (step < 0 && k === i)
				return last;
			if (step > 0 && last === i)
				return k;
			last = k;
		}
		return -1;
	}

	function onKey(event) {
		var to = -1;

		if (event.key === "ArrowDown")
			to = end[focused] > focused + 1 ? focused + 1 : -1;
		else if (event.key === "ArrowUp")
			to = tree.parent[focused];
		else if (event.key === "ArrowLeft")
			to = neighbour(focused, -1);
		else if (event.key === "ArrowRight")
			to = neighbour(focused, 1);
		else if (event.key === "Home")
			to = zoomed;
		else if (event.key === "Enter" || event.key === " ")
			zoom(focused);
		else if (event.key === "Escape")
			zoom(0);
		else
			return;
		if (to >= 0)
			focus(to);
		event.preventDefault();
	}

	function node(event) {
		var g = event.target.closest ? event.target.closest("g[data-node]") : null;

		return g ? Number(g.getAttribute("data-node")) : -1;
	}

	var label = element(HTML, "label", {}, "Search ");
	var input = element(HTML, "input", {type: "search", id: "flame-search"});
	var reset = element(HTML, "button", {type: "button", id: "flame-reset"}, "Reset zoom");
	var mode = element(HTML, "button", {type: "button", id: "flame-mode", "aria-pressed": "false"},
		"By number of allocations");
	var status = element(HTML, "span", {role: "status", id: "flame-status"});

	label.appendChild(input);
	[label, mode, reset, status].forEach(function (e) {
		bar.appendChild(e);
	});
	input.addEventListener("input", search);
	reset.addEventListener("click", function () {
		zoom(0);
	});
	mode.addEventListener("click", function () {
		byCount = !byCount;
		mode.setAttribute("aria-pressed", byCount);
		measure();
		search();
	});
	picture.addEventListener("click", function (event) {
		if (node(event) >= 0)
			zoom(node(event));
	});
	picture.addEventListener("keydown", function (event) {
		if (node(event) >= 0)
			onKey(event);
	});
	document.addEventListener("keydown", function (event) {
		if (event.key === "/" && event.target !== input) {
			input.focus();
			event.preventDefault();
		}
	});
	measure();
	draw();
}());
