//! How long functions and files may be.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Most lines of a function, from `fn` to its closing brace.
pub(crate) const MOST_LINES: usize = 70;
/// Most lines of a file.
pub(crate) const MOST_FILE_LINES: usize = 500;

/// Functions that are too long: (name, line, lines). Modules under `#[cfg(test)]` are left out: a story told
/// by a test may be a long one.
pub(crate) fn long_functions(text: &str) -> Vec<(String, usize, usize)> {
    let file = syn::parse_file(text).expect("a file that compiles");
    let mut finder = Finder { long: Vec::new() };
    finder.visit_file(&file);
    finder.long
}

struct Finder {
    long: Vec<(String, usize, usize)>,
}

impl Finder {
    fn judge(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let lines = block.span().end().line + 1 - first;
        if lines > MOST_LINES {
            self.long.push((signature.ident.to_string(), first, lines));
        }
    }
}

fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
    })
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_test_only(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.judge(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.judge(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.judge(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(lines: usize) -> String {
        format!("fn story() {{\n{}}}\n", "    let _ = \"}\";\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_of_seventy_lines_passes_and_one_more_is_found() {
        assert!(long_functions(&function(70)).is_empty());
        assert_eq!(long_functions(&function(71)), [("story".to_owned(), 1, 71)]);
    }

    #[test]
    fn methods_defaults_and_nested_functions_are_found_and_tests_are_not() {
        let long = function(80);
        for around in ["impl X { @ }", "trait X { @ }", "mod a { @ }", "fn outer() { @ }"] {
            assert!(!long_functions(&around.replace('@', &long)).is_empty(), "{around}");
        }
        assert!(long_functions(&format!("#[cfg(test)]\nmod tests {{ {long} }}")).is_empty());
    }
}
