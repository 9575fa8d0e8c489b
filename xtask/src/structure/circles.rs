//! Circles: files that import each other, directly or through other files.

use std::collections::BTreeSet;

use super::resolve::Imports;

/// Returns the circles, each with the indices of its files in ascending order.
pub(crate) fn find(files: usize, imports: &Imports) -> Vec<Vec<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..files).map(|file| reachable(file, imports)).collect();
    let mut circles: Vec<Vec<usize>> = Vec::new();
    for file in 0..files {
        if reached[file].contains(&file) && !circles.iter().any(|circle| circle.contains(&file)) {
            let circle = reached[file].iter().copied().filter(|other| reached[*other].contains(&file));
            circles.push(circle.collect());
        }
    }
    circles
}

fn reachable(from: usize, imports: &Imports) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for (_, next) in imports.range((file, 0)..=(file, usize::MAX)).map(|(pair, _)| pair) {
            if reached.insert(*next) {
                open.push(*next);
            }
        }
    }
    reached
}
