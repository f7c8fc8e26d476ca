//! On what it was measured, in words that name no machine.

use super::Effort;

/// The processor and its cores; a warning where little was measured.
pub(crate) fn section(effort: Effort) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let quick = match effort {
        Effort::Quick => "\n**A quick look: too short to rely on.**\n",
        Effort::Usual | Effort::Long => "",
    };
    let (system, processor) = (std::env::consts::OS, processor());
    format!(
        "## The machine\n\n{cores} cores of {processor}, {system}, version {} in a release build.\n{quick}",
        env!("CARGO_PKG_VERSION")
    )
}

/// As Linux calls it.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    match model {
        Some((_, name)) => name.trim().to_owned(),
        None => format!("a processor of kind {}", std::env::consts::ARCH),
    }
}

/// Most memory that this process has ever held, in bytes; `None` where the system does not say.
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
