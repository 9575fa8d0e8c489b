use super::floors::Floor;
use super::*;

/// Surveys a crate of these files. The first file is the root.
fn survey_of(files: &[(&str, &str)], houses: &[House]) -> Survey {
    let sources = files.iter().map(|(path, source)| (format!("src/{path}"), (*source).to_owned())).collect();
    survey(&sources, houses)
}

fn assert_circle(files: &[(&str, &str)], expected: &str) {
    let found = survey_of(files, &[]);
    assert_eq!((found.circles, found.problems), (1, vec![expected.to_owned()]));
}

fn assert_clean(files: &[(&str, &str)]) {
    let found = survey_of(files, &[]);
    assert_eq!(found.problems, Vec::<String>::new());
}

/// Returns the text of a circle of src/a.rs and src/b.rs by these imports.
fn circle(forth: &str, back: &str) -> String {
    format!(
        "Circle of 2 files in src/lib.rs:\n  src/a.rs\n  src/b.rs\n    src/a.rs:{forth} of src/b.rs\n    \
         src/b.rs:{back} of src/a.rs"
    )
}

#[test]
fn import_by_use_in_circle_is_reported() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B as Other; pub struct A;"),
        ("b.rs", "\nuse crate::{a::{self, A}}; pub struct B;"),
    ];
    assert_circle(&files, &circle("1 imports crate::b::B", "2 imports crate::a::A"));
}

#[test]
fn inline_path_in_circle_is_reported() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub fn a() -> usize { crate::b::B::new().0 }"),
        ("b.rs", "pub struct B(pub usize);\nimpl B { pub fn new() -> B { B(crate::a::a()) } }"),
    ];
    assert_circle(&files, &circle("1 imports crate::b::B::new", "2 imports crate::a::a"));
}

#[test]
fn super_path_in_circle_is_reported() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct A(super::b::B);"),
        ("b.rs", "pub struct B; impl B { fn a(a: super::a::A) {} }"),
    ];
    assert_circle(&files, &circle("1 imports super::b::B", "1 imports super::a::A"));
}

#[test]
fn parent_and_child_in_circle_are_reported() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod b; pub use b::B; pub struct A;"),
        ("a/b.rs", "use super::A; pub struct B(A);"),
    ];
    let expected = "Circle of 2 files in src/lib.rs:\n  src/a/mod.rs\n  src/a/b.rs\n    src/a/mod.rs:1 imports b::B of \
        src/a/b.rs\n    src/a/b.rs:1 imports super::A of src/a/mod.rs";
    assert_circle(&files, expected);
}

#[test]
fn path_in_macro_body_in_circle_is_reported() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "#[macro_export]\nmacro_rules! a { ($x:ident) => { $crate::b::B::$x() } } pub struct A;"),
        ("b.rs", "pub struct B; fn b() { vec![Some(super::a::A)] }"),
    ];
    assert_circle(&files, &circle("2 imports crate::b::B", "1 imports super::a::A"));
}

#[test]
fn macro_in_circle_is_reported() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "macro_rules! tell { () => {} } pub(crate) use tell; use crate::b::B;"),
        ("b.rs", "pub struct B; fn b() { crate::a::tell!(); }"),
    ];
    assert_circle(&files, &circle("1 imports crate::b::B", "1 imports crate::a::tell"));
}

#[test]
fn module_with_name_of_macro_is_clean() {
    assert_clean(&[
        ("lib.rs", "pub mod thing; mod user;"),
        ("thing/mod.rs", "mod macros; pub struct Thing;"),
        ("thing/macros.rs", "#[macro_export] macro_rules! thing { () => { $crate::user::User } }"),
        ("user.rs", "use crate::thing::Thing; pub struct User(Thing);"),
    ]);
}

#[test]
fn re_export_in_circle_is_reported() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::A as Named; pub use b::B;"),
        ("a.rs", "use crate::B; pub struct A;"),
        ("b.rs", "use crate::Named; pub struct B;"),
    ];
    assert_circle(&files, &circle("1 imports crate::B", "1 imports crate::Named"));
}

#[test]
fn glob_re_export_in_circle_is_reported() {
    let files = [
        ("lib.rs", "mod a; mod b; mod prelude;"),
        ("prelude.rs", "pub use crate::a::*; pub use crate::b::*;"),
        ("a.rs", "use crate::prelude::B; pub struct A;"),
        ("b.rs", "use crate::prelude::A; pub struct B;"),
    ];
    assert_circle(&files, &circle("1 imports crate::prelude::B", "1 imports crate::prelude::A"));
}

#[test]
fn module_imported_for_its_item_in_circle_is_reported() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use super::b;\nfn a() -> usize { b::SIZE } pub struct A;"),
        ("b.rs", "pub const SIZE: usize = 1; use crate::a::A;"),
    ];
    assert_circle(&files, &circle("2 imports b::SIZE", "1 imports crate::a::A"));
}

#[test]
fn module_imported_without_items_is_clean() {
    assert_clean(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use super::b; pub struct A;"),
        ("b.rs", "use crate::a::A;"),
        ("c.rs", "//! Nothing.\nuse log::info; fn c() { core::mem::size_of::<crate::a::A>(); }"),
    ]);
}

#[test]
fn unknown_name_of_module_counts_as_its_file() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "made!(MADE); pub struct A; use crate::b::B;"),
        ("b.rs", "use crate::a::MADE; pub struct B;"),
    ];
    assert_circle(&files, &circle("1 imports crate::b::B", "1 imports crate::a::MADE"));
}

#[test]
fn import_for_tests_in_circle_is_clean() {
    assert_clean(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A; #[cfg(test)] mod tests;"),
        ("a/tests.rs", "use super::*; use crate::b::B; fn a(a: A) {}"),
        (
            "b.rs",
            "#[cfg(test)] use crate::a::A; pub struct B; #[cfg(all(test, unix))] mod tests { use crate::a::A; }\n\
             #[test] fn test(a: crate::a::A) {} impl B { #[cfg(test)] fn a(a: crate::a::A) {} }",
        ),
    ]);
}

#[test]
fn import_for_all_but_tests_in_circle_is_reported() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "#[cfg(any(test, unix))] use crate::b::B; pub struct A;"),
        ("b.rs", "#[cfg(not(test))] use crate::a::A; pub struct B;"),
    ];
    assert_circle(&files, &circle("1 imports crate::b::B", "1 imports crate::a::A"));
}

#[test]
fn module_with_path_attribute_in_circle_is_reported() {
    let files = [
        ("lib.rs", "#[path = \"a.rs\"] mod other; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::other::A; pub struct B;"),
    ];
    assert_circle(&files, &circle("1 imports crate::b::B", "1 imports crate::other::A"));
}

const HOUSE: [House; 1] = [House {
    folder: "src/",
    floors: &[
        Floor { name: "ground", places: &["model/id.rs", "time.rs"] },
        Floor { name: "model", places: &["model/"] },
        Floor { name: "crate", places: &["lib.rs"] },
    ],
}];

#[test]
fn import_from_higher_floor_is_reported() {
    let files = [
        ("lib.rs", "mod model; mod time;"),
        ("time.rs", "\nuse crate::model::Thing;"),
        ("model/mod.rs", "mod id; pub struct Thing;"),
        ("model/id.rs", "pub struct Id;"),
    ];
    let found = survey_of(&files, &HOUSE);
    let expected = "src/time.rs:2 imports crate::model::Thing from a higher floor (ground -> model)";
    assert_eq!((found.climbs, found.problems), (1, vec![expected.to_owned()]));
}

#[test]
fn imports_from_same_and_lower_floors_are_clean() {
    let files = [
        ("lib.rs", "mod model; mod time; pub use model::Thing;"),
        ("time.rs", "use crate::model::id::Id;"),
        ("model/mod.rs", "pub mod id; pub struct Thing(crate::time::Time, id::Id);"),
        ("model/id.rs", "pub struct Id;"),
    ];
    let found = survey_of(&files, &HOUSE);
    assert_eq!(found.problems, Vec::<String>::new());
}

#[test]
fn table_that_differs_from_files_is_reported() {
    let files =
        [("lib.rs", "mod model; mod new;"), ("new.rs", ""), ("model/mod.rs", "mod id;"), ("model/id.rs", "")];
    let found = survey_of(&files, &HOUSE);
    let expected = [
        "src/time.rs has a floor but does not exist; correct its name in HOUSES (floors.rs)",
        "src/new.rs has no floor; add it to one in HOUSES (floors.rs)",
    ];
    assert_eq!(found.problems, expected);
}

#[test]
fn sizes_are_of_code_without_comments_and_tests() {
    let source = "//! Text.\n\nfn a() {\n    // More.\n}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
    let found = survey_of(&[("lib.rs", source)], &[]);
    assert_eq!(found.crates[0].lines, 2);
}
