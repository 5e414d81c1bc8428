#include "slipway/base/lanes.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "slipway/base/worker.h"

namespace slipway {
namespace {

/// The state that the lanes of one run share.
class Run {
 public:
  Run(std::size_t count, std::stop_token outer) : count_(count), outer_(std::move(outer)) {}

  void work(const std::function<Status(std::size_t, std::stop_token)>& job) {
    const std::stop_token inner = stop_.get_token();
    while (!inner.stop_requested()) {
      if (outer_.stop_requested()) {
        stop_.request_stop();
        return;
      }
      const std::size_t index = next_.fetch_add(1);
      if (index >= count_) return;
      if (Status status = job(index, inner); !status) report(index, std::move(status).error());
    }
  }

  void stop() { stop_.request_stop(); }

  Status result() && {
    if (first_) return fail(std::move(first_->second));
    if (outer_.stop_requested()) return fail(Errc::cancelled, "interrupted");
    return {};
  }

 private:
  void report(std::size_t index, Error error) {
    const std::scoped_lock lock(mutex_);
    stop_.request_stop();
    // A lane that was told to stop because another failed is not the cause.
    const bool follows = error.code == Errc::cancelled && first_ && first_->second.code != Errc::cancelled;
    const bool leads = first_ && first_->second.code == Errc::cancelled && error.code != Errc::cancelled;
    if (!first_ || leads || (!follows && index < first_->first)) first_.emplace(index, std::move(error));
  }

  std::size_t count_;
  std::stop_token outer_;
  std::stop_source stop_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::optional<std::pair<std::size_t, Error>> first_;
};

thread_local int single_lanes = 0;

}  // namespace

SingleLane::SingleLane() { ++single_lanes; }
SingleLane::~SingleLane() { --single_lanes; }

std::size_t allowed_lanes(std::size_t wanted) { return single_lanes > 0 ? 1 : std::max<std::size_t>(wanted, 1); }

Status run_lanes(std::size_t lanes, std::size_t count, std::stop_token stop,
                 const std::function<Status(std::size_t, std::stop_token)>& job) {
  Run run(count, stop);
  {
    const std::stop_callback forward(stop, [&] { run.stop(); });
    const std::size_t used = std::min(allowed_lanes(lanes), count);
    std::vector<Worker> beside;
    for (std::size_t i = 1; i < used; ++i)
      beside.emplace_back([&](const std::stop_token&) { run.work(job); });
    run.work(job);
  }
  return std::move(run).result();
}

}  // namespace slipway
