//! `mailflow validate`. TEMPORARY: the slot for the command that holds the model against recordings.

use super::Exit;
use super::args::ValidateArgs;

pub(super) fn validate(args: &ValidateArgs) -> u8 {
    let (cases, repeats) = (args.cases.len(), args.repeats);
    eprintln!("mailflow validate is not built yet ({cases} cases, {repeats} seeds each)");
    eprintln!("{:?} {:?}", args.jobs, args.format);
    Exit::Internal.code()
}
