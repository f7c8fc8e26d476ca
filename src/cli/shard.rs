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
        let least = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(id.min(1));
        let most = number("SLURM_ARRAY_TASK_MAX")?;
        return within(array(id, of, least, most)?);
    }
    if let Some(index) = number("JOB_COMPLETION_INDEX")? {
        let of = number("JOB_COMPLETIONS")?.ok_or(
            "JOB_COMPLETION_INDEX is set, but not JOB_COMPLETIONS: set it to the job's completions",
        )?;
        return within(Shard { number: index.saturating_add(1), of });
    }
    Err("auto needs SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX in the environment".to_owned())
}

/// The place of task `id` in an array of `of` tasks from `least` to `most`. How many shards there are follows
/// from the array alone: so it must be a whole one. One such as 3-5 is likely to be meant as part of a larger
/// one, whose other tasks are done already.
fn array(id: u32, of: u32, least: u32, most: Option<u32>) -> Result<Shard, String> {
    let last = least.checked_add(of).and_then(|end| end.checked_sub(1));
    let whole = least <= 1 && most.is_none_or(|most| Some(most) == last);
    if whole && last.is_some_and(|last| (least..=last).contains(&id)) {
        return Ok(Shard { number: id - least + 1, of });
    }
    let span = most.map_or_else(|| format!("from {least}"), |most| format!("{least}-{most}"));
    Err(format!(
        "Slurm's array {span} has {of} tasks, this one is {id}: auto takes the number of shards from it and \
         needs all of 1-N or 0-(N-1), without gaps; to do some shards of N again, leave auto and give \
         each as --shard \"$SLURM_ARRAY_TASK_ID/N\" (one more where the first was 0)"
    ))
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
        let kubernetes = [("JOB_COMPLETION_INDEX", "0"), ("JOB_COMPLETIONS", "4")];
        assert_eq!(from(&kubernetes), Ok((1, 4)));
        assert!(from(&kubernetes[..1]).expect_err("no count").contains("JOB_COMPLETIONS"));
        assert!(from(&[]).is_err());
    }
    fn slurm(id: &str, count: &str, least: &str, most: &str) -> Result<(u32, u32), String> {
        from(&[
            ("SLURM_ARRAY_TASK_ID", id),
            ("SLURM_ARRAY_TASK_COUNT", count),
            ("SLURM_ARRAY_TASK_MIN", least),
            ("SLURM_ARRAY_TASK_MAX", most),
        ])
    }

    #[test]
    fn a_whole_slurm_array_counts_from_zero_or_from_one() {
        assert_eq!(slurm("0", "8", "0", "7"), Ok((1, 8)));
        assert_eq!(slurm("7", "8", "0", "7"), Ok((8, 8)));
        assert_eq!(slurm("1", "8", "1", "8"), Ok((1, 8)));
        assert_eq!(slurm("8", "8", "1", "8"), Ok((8, 8)));
        assert_eq!(slurm("0", "1", "0", "0"), Ok((1, 1)));
        let without_most = [("SLURM_ARRAY_TASK_ID", "2"), ("SLURM_ARRAY_TASK_COUNT", "2")];
        assert_eq!(from(&without_most), Ok((2, 2)));
    }

    #[test]
    fn a_part_of_an_array_is_refused_since_other_shards_would_be_done_than_meant() {
        for (id, count, least, most) in [
            ("3", "3", "3", "5"),
            ("4", "3", "0", "4"),
            ("14", "8", "0", "14"),
            ("7", "4", "1", "7"),
            ("9", "8", "1", "8"),
            ("4294967295", "2", "4294967295", "4294967295"),
            ("0", "0", "0", "0"),
        ] {
            let told = slurm(id, count, least, most).expect_err("a part of an array");
            assert!(told.contains(&format!("array {least}-{most} has {count} tasks")), "{told}");
            assert!(told.contains("--shard"), "{told}");
        }
        assert!(slurm("x", "3", "0", "2").is_err());
    }
}
