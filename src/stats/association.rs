//! Whether one thing goes with another: concentration of hits in a group (Fisher), and how much of the spread
//! of ranks is between groups (epsilon squared).

/// Probability that, of `hits` among `all`, so many as `inside_hits` or more fall into a group of `inside`, if they
/// fall at random (Fisher's exact test, one-sided). 1 for numbers that do not go together.
pub fn concentration(inside_hits: u64, inside: u64, hits: u64, all: u64) -> f64 {
    let most = inside.min(hits);
    if inside > all || hits > all || inside_hits > most {
        return 1.0;
    }
    let choose = |n: u64, k: u64| ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    let total = choose(all, inside);
    // A group so large that some hits have to be in it has a least number of them.
    let least = (inside + hits).saturating_sub(all).max(inside_hits);
    let chance = |k: u64| libm::exp(choose(hits, k) + choose(all - hits, inside - k) - total);
    (least..=most).map(chance).sum::<f64>().min(1.0)
}

fn ln_factorial(n: u64) -> f64 {
    libm::lgamma(n as f64 + 1.0)
}

/// The rank of each value, from 1; equal ones share the mean of theirs.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let same = |other: &&usize| values[**other].total_cmp(&values[order[start]]).is_eq();
        let end = start + order[start..].iter().take_while(same).count();
        for position in &order[start..end] {
            ranks[*position] = (start + 1 + end) as f64 / 2.0;
        }
        start = end;
    }
    ranks
}

/// The share of the variance of `values` that lies between the groups, less what chance alone puts there
/// (epsilon squared; Kelley 1935): about 0 where the group says nothing, 1 where it says all. `groups` gives the
/// group of each value, from 0. 0 where nothing varies or no group has a second value.
pub fn explained(groups: &[usize], values: &[f64]) -> f64 {
    let count = groups.iter().max().map_or(0, |most| most + 1);
    let (mut sums, mut sizes) = (vec![0.0; count], vec![0.0; count]);
    for (group, value) in groups.iter().zip(values) {
        sums[*group] += value;
        sizes[*group] += 1.0;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let total: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let used = sizes.iter().filter(|size| **size > 0.0).count() as f64;
    if used < 2.0 || n <= used || total <= 0.0 {
        return 0.0;
    }
    let of = |(sum, size): (&f64, &f64)| {
        if *size > 0.0 { size * (sum / size - mean) * (sum / size - mean) } else { 0.0 }
    };
    let between: f64 = sums.iter().zip(&sizes).map(of).sum();
    let within = (total - between) / (n - used);
    (between - (used - 1.0) * within) / total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tea_tasting_lady_has_fishers_own_probabilities() {
        // Fisher 1935: eight cups, four with milk first; all four found: 1 in 70, three or more: 17 in 70.
        assert!((concentration(4, 4, 4, 8) - 1.0 / 70.0).abs() < 1e-12);
        assert!((concentration(3, 4, 4, 8) - 17.0 / 70.0).abs() < 1e-12);
        assert!((concentration(0, 4, 4, 8) - 1.0).abs() < 1e-12);
        assert_eq!(concentration(1, 9, 4, 8), 1.0);
        // Seven of ten are inside: at least five of eight hits have to be.
        assert!((concentration(5, 7, 8, 10) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn equal_values_share_a_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, f64::INFINITY]), [2.5, 1.0, 2.5, 4.0]);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn groups_that_say_all_explain_all_and_groups_that_say_nothing_explain_nothing() {
        let values = [1.0, 1.0, 5.0, 5.0];
        assert!((explained(&[0, 0, 1, 1], &values) - 1.0).abs() < 1e-12);
        // Between: 0; within: 16 on two degrees of freedom; so 0 - 8 of 16.
        assert!((explained(&[0, 1, 0, 1], &values) + 0.5).abs() < 1e-12);
        assert_eq!(explained(&[0, 0, 0, 0], &values), 0.0);
        assert_eq!(explained(&[0, 1], &[2.0, 2.0]), 0.0);
    }
}
