//! Exit codes: part of the interface, so that scripts can tell a missed expectation from a typing error.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, no expectation missed.
    Done,
    /// An expectation was missed (with `--strict`: or undecided).
    Missed,
    /// Bad arguments or input.
    BadInput,
    /// Something could not be read or written.
    Io,
    /// A bug in mailflow.
    Internal,
    /// Stopped by Ctrl-C.
    Stopped,
}

impl Exit {
    /// The number the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Missed => 1,
            Exit::BadInput => 2,
            Exit::Io => 3,
            Exit::Internal => 4,
            Exit::Stopped => 130,
        }
    }
}
