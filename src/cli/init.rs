//! `mailflow init`. TEMPORARY: the scenario room's own command replaces this.

use super::Exit;
use std::path::Path;

pub(super) fn init(_file: Option<&Path>, _preset: Option<&str>) -> u8 {
    eprintln!("mailflow init is not built yet");
    Exit::Internal.code()
}
