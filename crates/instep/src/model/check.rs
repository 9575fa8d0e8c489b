//! Checks of a declaration by the compiler, which allows little in a `const`.

/// Returns what is wrong from the function around it, if the condition does not hold.
macro_rules! check {
    ($condition:expr, $problem:literal $(,)?) => {
        if $condition {
        } else {
            return Some($problem);
        }
    };
}
pub(super) use check;

/// Compares strings, because `==` is not allowed in a `const`.
pub(super) const fn eq(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut i = 0;
    while i < one.len() {
        if one[i] != other[i] {
            return false;
        }
        i += 1;
    }
    true
}
