//! `--shard`: which part of a sweep this process does.

use crate::experiment::sweep::Shard;

/// Reads `I/N` or `auto`.
pub(super) fn shard(text: &str) -> Result<Shard, String> {
    if text == "auto" {
        return from_environment(|name| std::env::var(name).ok());
    }
    let numbers = text.split_once('/').and_then(|(number, of)| {
        Some(Shard { number: number.trim().parse().ok()?, of: of.trim().parse().ok()? })
    });
    let shard = numbers.ok_or_else(|| format!("{text} is not I/N, such as 1/8, nor auto"))?;
    within(shard)
}

fn within(shard: Shard) -> Result<Shard, String> {
    match shard {
        Shard { number, of } if (1..=of).contains(&number) => Ok(shard),
        Shard { number, of } => {
            Err(format!("there is no shard {number} of {of}: they count from 1 to {of}"))
        }
    }
}

/// What a scheduler says: a Slurm job array, or a Kubernetes Indexed Job.
fn from_environment(get: impl Fn(&str) -> Option<String>) -> Result<Shard, String> {
    let number = |name: &str| match get(name) {
        None => Ok(None),
        Some(text) => match text.trim().parse::<u32>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!("{name}={text} is not a number")),
        },
    };
    if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
        let of = number("SLURM_ARRAY_TASK_COUNT")?.ok_or("SLURM_ARRAY_TASK_COUNT is not set")?;
        let least = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
        let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
        // An array such as 0,3,4 has numbers that tell no place among the others.
        let index = id.checked_sub(least).filter(|index| index.is_multiple_of(step));
        let index = index.map(|index| index / step).filter(|index| *index < of);
        let index = index.ok_or_else(|| {
            format!(
                "Slurm's array has {of} tasks from {least}, and this is {id}: number them 0-{}",
                of - 1
            )
        })?;
        return within(Shard { number: index + 1, of });
    }
    if let Some(index) = number("JOB_COMPLETION_INDEX")? {
        let of = number("JOB_COMPLETIONS")?.ok_or(
            "JOB_COMPLETION_INDEX is set, but not JOB_COMPLETIONS: set it to the job's completions",
        )?;
        return within(Shard { number: index.saturating_add(1), of });
    }
    Err("auto needs SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX in the environment".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<(u32, u32), String> {
        let get = |name: &str| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        from_environment(get).map(|shard| (shard.number, shard.of))
    }

    #[test]
    fn a_shard_is_given_by_number_or_by_the_scheduler() {
        assert_eq!(shard("3/8"), Ok(Shard { number: 3, of: 8 }));
        for wrong in ["0/8", "9/8", "3", "a/b", "1/0", "-1/2"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
        let slurm = |id, count, least, step| {
            let pairs = [
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_COUNT", count),
                ("SLURM_ARRAY_TASK_MIN", least),
                ("SLURM_ARRAY_TASK_STEP", step),
            ];
            from(&pairs)
        };
        assert_eq!(slurm("0", "8", "0", "1"), Ok((1, 8)));
        assert_eq!(slurm("8", "8", "1", "1"), Ok((8, 8)));
        assert_eq!(slurm("14", "8", "0", "2"), Ok((8, 8)));
        assert!(slurm("7", "3", "0", "1").is_err(), "an array of odd numbers");
        assert!(slurm("x", "3", "0", "1").is_err());
        let kubernetes = [("JOB_COMPLETION_INDEX", "0"), ("JOB_COMPLETIONS", "4")];
        assert_eq!(from(&kubernetes), Ok((1, 4)));
        assert!(from(&kubernetes[..1]).expect_err("no count").contains("JOB_COMPLETIONS"));
        assert!(from(&[]).is_err());
    }
}
