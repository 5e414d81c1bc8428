#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

#include "slipway/base/result.h"

namespace slipway {

/// Runs job(0) .. job(count-1) on at most `lanes` threads (in the caller's
/// thread when one suffices). After the first failure no new job starts and
/// the jobs' stop token is set; the failure of the lowest index is returned. One lane starts no thread: the jobs run
/// one after the other, in order.
Status run_lanes(std::size_t lanes, std::size_t count, std::stop_token stop,
                 const std::function<Status(std::size_t, std::stop_token)>& job);

/// While one is alive, run_lanes() of this thread starts no threads, whatever number of lanes is asked for: whoever
/// schedules the program's steps one at a time (a simulator, a debugger) sees one thread of control.
class SingleLane {
 public:
  SingleLane();
  SingleLane(const SingleLane&) = delete;
  SingleLane& operator=(const SingleLane&) = delete;
  ~SingleLane();
};

}  // namespace slipway
