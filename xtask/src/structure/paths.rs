//! The paths in an item: imports, inline paths, and paths in tokens of macros.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Ident, Item, ItemUse, Macro, Meta, Token, UseTree, VisRestricted, Visibility};

/// A path as an item names it.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
    pub(crate) kind: Kind,
}

/// The kind of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Item,
    /// Everything in a module.
    Glob,
    /// A macro by its bare name, which may come from a module above.
    Macro,
}

/// A name that `use` brings into a module; a glob has none.
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) name: Option<String>,
    pub(crate) path: Vec<String>,
    pub(crate) is_visible: bool,
}

/// The paths of one item.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    pub(crate) mentions: Vec<Mention>,
    pub(crate) imports: Vec<Import>,
    /// First and last lines of the parts that only tests compile.
    pub(crate) tests: Vec<(usize, usize)>,
}

/// Collects the paths of an item, without its parts that only tests compile.
pub(crate) fn collect(item: &Item) -> Paths {
    let mut paths = Paths::default();
    paths.visit_item(item);
    paths
}

/// Returns whether only tests compile a node with these attributes.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        if path.is_ident("cfg") {
            attribute.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
        } else {
            path.segments.last().is_some_and(|last| last.ident == "test")
        }
    })
}

/// Returns whether other modules see an item with this visibility.
pub(crate) fn is_visible(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

/// Returns the first and the last line of a node.
pub(crate) fn lines(node: &impl Spanned) -> (usize, usize) {
    let span = node.span();
    (span.start().line, span.end().line)
}

fn needs_test(condition: &Meta) -> bool {
    let parts = |list: &syn::MetaList| {
        list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default()
    };
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => parts(list).iter().any(needs_test),
        Meta::List(list) if list.path.is_ident("any") => parts(list).iter().all(needs_test),
        _ => false,
    }
}

impl Paths {
    fn mention(&mut self, path: Vec<String>, line: usize, kind: Kind) {
        // A bare name belongs to this file, or to an import that has its own mention.
        if path.len() > 1 || kind != Kind::Item {
            self.mentions.push(Mention { path, line, kind });
        }
    }

    fn import(&mut self, prefix: &[String], tree: &UseTree, is_visible: bool) {
        let joined = |ident: &Ident| {
            let mut path = prefix.to_vec();
            if ident != "self" || prefix.is_empty() {
                path.push(name(ident));
            }
            path
        };
        let (path, name, line) = match tree {
            UseTree::Path(part) => return self.import(&joined(&part.ident), &part.tree, is_visible),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(prefix, tree, is_visible));
            }
            UseTree::Name(leaf) => {
                let path = joined(&leaf.ident);
                let name = path.last().cloned();
                (path, name, lines(leaf).0)
            }
            UseTree::Rename(leaf) => (joined(&leaf.ident), Some(name(&leaf.rename)), lines(leaf).0),
            UseTree::Glob(leaf) => (prefix.to_vec(), None, lines(leaf).0),
        };
        let kind = if name.is_none() { Kind::Glob } else { Kind::Item };
        self.mention(path.clone(), line, kind);
        self.imports.push(Import { name, path, is_visible });
    }

    fn scan(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            match token {
                TokenTree::Ident(ident) if begins_path(&tokens[..at], ident) => {
                    at = self.scan_path(&tokens, at, Vec::new());
                }
                TokenTree::Group(group) => {
                    self.scan(group.stream());
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// Reads a path from an index on, and returns the index after the path.
    fn scan_path(&mut self, tokens: &[TokenTree], mut at: usize, mut path: Vec<String>) -> usize {
        let line = lines(&tokens[at]).0;
        loop {
            if let TokenTree::Ident(ident) = &tokens[at]
                && (path.is_empty() || ident != "self")
            {
                path.push(name(ident));
            }
            at += 1;
            if !(is_sign(tokens.get(at), ':') && is_sign(tokens.get(at + 1), ':')) {
                let is_macro = path.len() == 1 && is_sign(tokens.get(at), '!');
                self.mention(path, line, if is_macro { Kind::Macro } else { Kind::Item });
                return at;
            }
            match tokens.get(at + 2) {
                Some(TokenTree::Ident(_)) => at += 2,
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let parts: Vec<TokenTree> = group.stream().into_iter().collect();
                    for part in parts.split(|token| is_sign(Some(token), ',')).filter(|part| !part.is_empty())
                    {
                        self.scan_path(part, 0, path.clone());
                    }
                    return at + 3;
                }
                other => {
                    let kind = if is_sign(other, '*') { Kind::Glob } else { Kind::Item };
                    self.mention(path, line, kind);
                    return at + 2;
                }
            }
        }
    }
}

fn begins_path(before: &[TokenTree], ident: &Ident) -> bool {
    let last = before.last();
    let second_last = before.len().checked_sub(2).and_then(|at| before.get(at));
    match last {
        Some(TokenTree::Punct(sign)) => match sign.as_char() {
            '$' => ident == "crate",
            // A single dot precedes a field or method, two dots precede the end of a range.
            '.' => is_sign(second_last, '.'),
            ':' => !is_sign(second_last, ':'),
            '\'' => false,
            _ => true,
        },
        _ => true,
    }
}

fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn name(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// Visits nodes, without those that only tests compile.
macro_rules! without_tests {
    ($($visit:ident $kind:ident)*) => { $(
        fn $visit(&mut self, node: &'ast syn::$kind) {
            if is_test(&node.attrs) {
                self.tests.push(lines(node));
            } else {
                visit::$visit(self, node);
            }
        }
    )* };
}

impl<'ast> Visit<'ast> for Paths {
    without_tests! {
        visit_item_const ItemConst
        visit_item_enum ItemEnum
        visit_item_fn ItemFn
        visit_item_impl ItemImpl
        visit_item_macro ItemMacro
        visit_item_mod ItemMod
        visit_item_static ItemStatic
        visit_item_struct ItemStruct
        visit_item_trait ItemTrait
        visit_item_type ItemType
        visit_impl_item_const ImplItemConst
        visit_impl_item_fn ImplItemFn
        visit_impl_item_macro ImplItemMacro
        visit_impl_item_type ImplItemType
        visit_trait_item_const TraitItemConst
        visit_trait_item_fn TraitItemFn
        visit_trait_item_type TraitItemType
        visit_local Local
        visit_stmt_macro StmtMacro
        visit_field Field
        visit_field_value FieldValue
        visit_variant Variant
        visit_arm Arm
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if is_test(&item.attrs) {
            self.tests.push(lines(item));
        } else if item.leading_colon.is_none() {
            self.import(&[], &item.tree, is_visible(&item.vis));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|segment| name(&segment.ident)).collect();
            self.mention(names, lines(path).0, Kind::Item);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, used: &'ast Macro) {
        if let Some(bare) = used.path.get_ident() {
            self.mention(vec![name(bare)], lines(&used.path).0, Kind::Macro);
        } else {
            self.visit_path(&used.path);
        }
        self.scan(used.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        visit::visit_attribute(self, attribute);
        if let Meta::List(list) = &attribute.meta {
            self.scan(list.tokens.clone());
        }
    }

    // A visibility imports nothing.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
}
