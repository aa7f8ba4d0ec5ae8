// SPDX-License-Identifier: GPL-2.0-or-later
//! names - leaks of a Rust program. Truth goes to $EXPECT_FILE, as target.h has it; it is
//! written with its blocks freed again.
use std::io::Write;

mod shop {
    pub struct Basket<T> {
        pub items: Vec<T>,
    }

    impl<T: Default + Clone> Basket<T> {
        #[inline(never)]
        pub fn leak(n: usize) {
            let basket = Basket { items: vec![T::default(); n] };
            std::mem::forget(std::hint::black_box(basket.items));
        }
    }
}

#[inline(never)]
fn leak_boxes() {
    for i in 0..5u64 {
        Box::leak(std::hint::black_box(Box::new([i; 4])));
    }
}

#[inline(never)]
fn leak_basket() {
    shop::Basket::<u64>::leak(100);
    std::hint::black_box(0); // not a tail call
}

fn main() {
    std::hint::black_box(leak_boxes());
    std::hint::black_box(leak_basket());
    if let Ok(path) = std::env::var("EXPECT_FILE") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        writeln!(file, "EXPECT names::leak_boxes 160 5").unwrap();
        writeln!(file, "EXPECT names::leak_basket 800 1").unwrap();
    }
}
