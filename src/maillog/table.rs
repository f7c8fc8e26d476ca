//! A table of bounded size: found by a 64-bit key, forgetting what was untouched for longest.
//!
//! Messages and processes are followed in such tables, so that memory does not grow with the log. Keys are hashes of
//! names; two names with the same hash are taken for one, which happens once in 10^13 messages that are open together.

/// No entry.
const NONE: u32 = u32::MAX;

/// The table.
#[derive(Clone, Debug)]
pub(super) struct Table<V> {
    /// Open addressing: positions in `entries`; a power of two, at most half full.
    index: Vec<u32>,
    entries: Vec<Entry<V>>,
    free: Vec<u32>,
    /// Untouched for longest, and touched last.
    oldest: u32,
    newest: u32,
    most: usize,
}

#[derive(Clone, Debug)]
struct Entry<V> {
    key: u64,
    before: u32,
    after: u32,
    value: V,
}

/// A hash of `parts`, told apart by their number.
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = seed ^ (bytes.len() as u64).wrapping_mul(MULTIPLIER);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = mix(state ^ u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(state ^ u64::from_le_bytes(last).wrapping_mul(MULTIPLIER))
}

/// The finalizer of MurmurHash3.
fn mix(mut state: u64) -> u64 {
    state ^= state >> 33;
    state = state.wrapping_mul(0xff51_afd7_ed55_8ccd);
    state ^= state >> 33;
    state = state.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    state ^ (state >> 33)
}

impl<V> Table<V> {
    /// An empty table of `most` entries.
    pub(super) fn new(most: usize) -> Self {
        let (oldest, newest) = (NONE, NONE);
        let index = vec![NONE; 1024];
        Table { index, entries: Vec::new(), free: Vec::new(), oldest, newest, most: most.max(1) }
    }

    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    fn home(&self, key: u64) -> usize {
        key as usize & (self.index.len() - 1)
    }

    /// Place in the index of `key`, or of the gap where it would go.
    fn place(&self, key: u64) -> usize {
        let mut at = self.home(key);
        while self.index[at] != NONE && self.entries[self.index[at] as usize].key != key {
            at = (at + 1) & (self.index.len() - 1);
        }
        at
    }

    /// The entry of `key`, which counts as touched.
    pub(super) fn touch(&mut self, key: u64) -> Option<&mut V> {
        let slot = self.index[self.place(key)];
        if slot == NONE {
            return None;
        }
        if slot != self.newest {
            self.unlink(slot);
            self.link(slot);
        }
        Some(&mut self.entries[slot as usize].value)
    }

    /// The entry of `key`, untouched.
    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        let slot = self.index[self.place(key)];
        self.entries.get_mut(slot as usize).map(|entry| &mut entry.value)
    }

    /// Puts in an entry for a `key` that has none. Gives back what had to be forgotten for it.
    pub(super) fn insert(&mut self, key: u64, value: V) -> Option<V>
    where
        V: Default,
    {
        let forgotten = (self.len() >= self.most).then(|| self.entries[self.oldest as usize].key);
        let forgotten = forgotten.and_then(|key| self.remove(key));
        if (self.len() + 1) * 2 > self.index.len() {
            self.grow();
        }
        let entry = Entry { key, before: NONE, after: NONE, value };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.entries[slot as usize] = entry;
                slot
            }
            None => {
                self.entries.push(entry);
                (self.entries.len() - 1) as u32
            }
        };
        let at = self.place(key);
        self.index[at] = slot;
        self.link(slot);
        forgotten
    }

    /// Takes out the entry of `key`.
    pub(super) fn remove(&mut self, key: u64) -> Option<V>
    where
        V: Default,
    {
        let mut gap = self.place(key);
        let slot = self.index[gap];
        if slot == NONE {
            return None;
        }
        self.unlink(slot);
        // Entries behind the gap move up as far as their home allows.
        let mask = self.index.len() - 1;
        let mut at = gap;
        loop {
            at = (at + 1) & mask;
            let next = self.index[at];
            if next == NONE {
                break;
            }
            let home = self.home(self.entries[next as usize].key);
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(gap) & mask) {
                self.index[gap] = next;
                gap = at;
            }
        }
        self.index[gap] = NONE;
        self.free.push(slot);
        Some(std::mem::take(&mut self.entries[slot as usize].value))
    }

    /// Takes out all entries, the longest untouched first.
    pub(super) fn drain(&mut self, mut each: impl FnMut(V))
    where
        V: Default,
    {
        while self.oldest != NONE {
            let key = self.entries[self.oldest as usize].key;
            let Some(value) = self.remove(key) else { return };
            each(value);
        }
    }

    fn grow(&mut self) {
        self.index = vec![NONE; self.index.len() * 2];
        let mut slot = self.oldest;
        while slot != NONE {
            let at = self.place(self.entries[slot as usize].key);
            self.index[at] = slot;
            slot = self.entries[slot as usize].after;
        }
    }

    fn unlink(&mut self, slot: u32) {
        let (before, after) = {
            let entry = &self.entries[slot as usize];
            (entry.before, entry.after)
        };
        match before {
            NONE => self.oldest = after,
            before => self.entries[before as usize].after = after,
        }
        match after {
            NONE => self.newest = before,
            after => self.entries[after as usize].before = before,
        }
    }

    fn link(&mut self, slot: u32) {
        let newest = self.newest;
        let entry = &mut self.entries[slot as usize];
        (entry.before, entry.after) = (newest, NONE);
        match newest {
            NONE => self.oldest = slot,
            newest => self.entries[newest as usize].after = slot,
        }
        self.newest = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_longest_untouched_is_forgotten_first() {
        let mut table = Table::new(3);
        for key in 1..=3u64 {
            assert_eq!(table.insert(key, key * 10), None);
        }
        table.touch(1);
        assert_eq!(table.insert(4, 40), Some(20));
        assert_eq!(table.insert(5, 50), Some(30));
        let mut left = Vec::new();
        table.drain(|value| left.push(value));
        assert_eq!((left, table.len()), (vec![10, 40, 50], 0));
    }

    #[test]
    fn it_behaves_as_a_map_does() {
        let mut state = 7u64;
        let mut random = || {
            state = mix(state.wrapping_add(1));
            state
        };
        let (mut table, mut map) = (Table::new(100_000), BTreeMap::new());
        for _ in 0..200_000 {
            // Few keys with equal low bits: long runs in the index.
            let key = (random() % 3000) << 9;
            match random() % 3 {
                0 => assert_eq!(table.remove(key), map.remove(&key)),
                _ => match table.touch(key) {
                    Some(value) => assert_eq!(Some(&*value), map.get(&key)),
                    None => {
                        assert_eq!(map.insert(key, key + 1), None);
                        table.insert(key, key + 1);
                    }
                },
            }
            assert_eq!(table.len(), map.len());
        }
        let mut left = Vec::new();
        table.drain(|value| left.push(value));
        left.sort_unstable();
        assert_eq!(left, map.into_values().collect::<Vec<_>>());
    }

    #[test]
    fn names_are_hashed_apart() {
        let names = [
            "",
            "a",
            "b",
            "aaaaaaaa",
            "aaaaaaaab",
            "6AM5F39R031082",
            "6AM5F39R031083",
            "a\0",
            "\0",
        ];
        let mut hashes: Vec<u64> = names.iter().map(|name| hash(0, name.as_bytes())).collect();
        hashes.push(hash(1, b"a"));
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), names.len() + 1);
    }
}
