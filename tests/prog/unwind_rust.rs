// SPDX-License-Identifier: GPL-2.0-or-later
//! unwind_rust - Rust without frame pointers: collections, closures, trait objects, formatting, a
//! panic that is caught, a thread; the same in each run.
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher};

trait Shape {
    fn name(&self) -> String;
}

struct Polygon<const N: usize> {
    corners: [i64; N],
}

impl<const N: usize> Shape for Polygon<N> {
    #[inline(never)]
    fn name(&self) -> String {
        format!("a polygon with {} corners: {:?}", N, self.corners)
    }
}

struct Guard(usize);

impl Drop for Guard {
    #[inline(never)]
    fn drop(&mut self) {
        std::mem::forget(std::hint::black_box(vec![1u8; self.0]));
    }
}

#[inline(never)]
fn recurse(depth: usize) -> usize {
    let guard = Guard(4000 + depth);
    let sum = match depth {
        0 => panic!("at the bottom"),
        _ => recurse(depth - 1) + guard.0,
    };
    std::hint::black_box(sum)
}

#[inline(never)]
fn work(rounds: usize) -> usize {
    let shapes: Vec<Box<dyn Shape>> = vec![
        Box::new(Polygon::<3> { corners: [1; 3] }),
        Box::new(Polygon::<4> { corners: [2; 4] }),
        Box::new(Polygon::<5> { corners: [3; 5] }),
    ];
    let mut index: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut counts: HashMap<String, usize, BuildHasherDefault<DefaultHasher>> = HashMap::default();
    for i in 0..rounds {
        for shape in &shapes {
            let name = shape.name();
            *counts.entry(name.clone()).or_default() += i;
            index.entry(format!("{name}-{i}")).or_default().push(name.to_uppercase());
        }
    }
    let mut words: Vec<String> =
        index.values().flatten().map(|w| w.split(' ').rev().collect::<Vec<_>>().join(" ")).collect();
    words.sort_by_key(|w| w.chars().rev().collect::<String>());
    words.len() + counts.len()
}

fn main() {
    let rounds = std::env::args().nth(1).map_or(20, |a| a.parse().unwrap());
    std::panic::set_hook(Box::new(|_| ()));
    assert!(std::panic::catch_unwind(|| recurse(5)).is_err());
    let there = std::thread::spawn(move || work(rounds));
    let sum = work(rounds) + there.join().unwrap();
    std::hint::black_box(sum);
}
