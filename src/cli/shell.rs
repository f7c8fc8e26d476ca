//! `mailflow complete SHELL` and `mailflow man`: made from the arguments themselves.

use super::args::Args;
use super::output::{print, printed};
use clap::CommandFactory as _;
use clap_complete::Shell;

/// Prints the completions for `shell`.
pub(super) fn complete(shell: Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "mailflow", &mut script);
    printed(print(&String::from_utf8_lossy(&script))).code()
}

/// Prints the manual page: the program, then each of its commands.
pub(super) fn man() -> u8 {
    let mut page = Vec::new();
    let mut command = Args::command();
    command.build();
    let man = clap_mangen::Man::new(command.clone());
    let subcommands = command.get_subcommands().filter(|one| one.get_name() != "help");
    // Writing to memory cannot fail.
    let _ = man.render(&mut page);
    for one in subcommands {
        page.extend_from_slice(
            format!(".SH MAILFLOW {}\n", one.get_name().to_uppercase()).as_bytes(),
        );
        let man = clap_mangen::Man::new(one.clone());
        let _ = man.render_description_section(&mut page);
        let _ = man.render_options_section(&mut page);
    }
    printed(print(&String::from_utf8_lossy(&page))).code()
}
