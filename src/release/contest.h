#pragma once

#include "slipway/release/services.h"

// One winner for each number, on a registry that gives nothing to exclude a second writer. Plain reads and writes
// cannot decide without a bound on time, so there is one: `settle` bounds the time from the list that shows a number
// free to the answer to the intent's PUT.
//
// 1. list: the number is free. Another writer's intent is there already: wait for its entry, four times the bound.
// 2. put an intent, `<app>.<env>.i<N>.<12 hex of the entry's id>`, which readers of entries pass over.
// 3. answered later than the bound: give up, because others may not have seen it in time.
// 4. wait twice the bound, list again. Every intent that could still win is in this list: a writer whose intent came
//    later made its list after ours was there, so it waits in step 1.
// 5. the smallest id wins, and only its writer puts the entry.
//
// A writer that was stopped for longer than the bound finds the winner's entry, or that its own lost, when it goes on.

namespace slipway::release {

/// Returns the entry when its writer won the number; it names the intents of writers that died as abandoned.
/// Errc::conflict for everybody else. Takes at least twice `settle`; with a settle of 0, or where the ledger is a
/// layout (its lock covers all writers), nothing is asked and the entry comes back at once.
Result<Entry> win_number(Entry entry, Ledger& ledger, const ReleaseServices& services);

/// Wins the number of an entry that was committed and that its ledger lost, before it is stored again byte for byte.
/// Another machine, which never saw it, may be releasing that number. Errc::conflict as win_number().
Status win_back(const Entry& lost, Ledger& ledger, const ReleaseServices& services);

}  // namespace slipway::release
