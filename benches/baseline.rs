//! What a message costs, in units of the tightest loop that does anything like it.
//!
//! ```sh
//! cargo bench --bench baseline               # the table
//! cargo bench --bench baseline -- --strict   # .. and a failure where a limit is not kept
//! ```
//! A yardstick that is slow itself would flatter everything: the program fails when its own loop takes more than
//! 16 times the random numbers that a message cannot do without.

mod yardstick;

use std::error::Error;
use std::process::ExitCode;

const ROUNDS: u32 = 7;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let strict = std::env::args().any(|argument| argument == "--strict");
    let costs = yardstick::measure(yardstick::promised()?, ROUNDS);
    print!("{}", yardstick::table::text(&costs));
    let kept = |cost: &yardstick::Cost| yardstick::holds(cost, &costs) != Some(false);
    if !costs.iter().take(2).all(kept) {
        eprintln!("The yardstick is not honest: its loop takes too long by itself.");
        return Ok(ExitCode::FAILURE);
    }
    if strict && !costs.iter().all(kept) {
        eprintln!("A limit is not kept.");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
