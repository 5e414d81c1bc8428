#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

#include "slipway/base/result.h"

namespace slipway {

/// Runs job(0) .. job(count-1) on `lanes` threads, the caller's among them, and returns when all have ended. A lane is
/// such a thread; jobs start in order, each on the next free lane. One lane starts no thread.
///
/// After the first failure no new job starts, and the token given to the running ones is set. Returned is the failure
/// of the lowest index; a job that ended with Errc::cancelled because another failed does not count. Errc::cancelled if
/// `stop` was requested and no job failed.
Status run_lanes(std::size_t lanes, std::size_t count, std::stop_token stop,
                 const std::function<Status(std::size_t, std::stop_token)>& job);

/// While one is alive, run_lanes() called by this thread uses one lane, whatever is asked for. For simulators and
/// debuggers that need one thread of control.
class SingleLane {
 public:
  SingleLane();
  SingleLane(const SingleLane&) = delete;
  SingleLane& operator=(const SingleLane&) = delete;
  ~SingleLane();
};

}  // namespace slipway
