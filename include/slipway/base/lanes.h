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

/// Returns the number of lanes that this thread may use of those `wanted`: at least 1, and 1 under a SingleLane.
std::size_t allowed_lanes(std::size_t wanted);

/// While one is alive, this thread gets one lane, whatever number is asked for: a simulator or a debugger that
/// schedules the program's steps one at a time sees one thread of control.
class SingleLane {
 public:
  SingleLane();
  SingleLane(const SingleLane&) = delete;
  SingleLane& operator=(const SingleLane&) = delete;
  ~SingleLane();
};

}  // namespace slipway
