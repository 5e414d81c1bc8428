#include "simulator/stage.h"

#include <algorithm>

#include "slipway/base/lanes.h"

namespace slipway::sim {

Status Actor::step(const std::string& what) {
  if (dead_) return slipway::fail(Errc::cancelled, "the process is dead");
  if (dies_in_ > 0 && --dies_in_ == 0) {
    dead_ = true;
    died_before_ = what;
    stage_.note(name_, "KILLED before: " + what);
    return slipway::fail(Errc::cancelled, "killed");
  }
  pass_baton(std::chrono::milliseconds(1 + stage_.pick(40)));
  ++stage_.steps_;
  if (stage_.failure()) dead_ = true;
  if (dead_) return slipway::fail(Errc::cancelled, "the run is over");
  return {};
}

Status Actor::sleep(std::chrono::milliseconds duration) {
  if (dead_) return slipway::fail(Errc::cancelled, "the process is dead");
  pass_baton(duration);
  if (stage_.failure()) dead_ = true;
  if (dead_) return slipway::fail(Errc::cancelled, "the run is over");
  return {};
}

void Actor::wait(std::chrono::milliseconds duration) {
  if (!stage_.failure()) pass_baton(duration);
}

void Actor::pass_baton(std::chrono::milliseconds pause) {
  std::unique_lock lock(stage_.mutex_);
  wakes_ = stage_.now_ + pause.count();
  stage_.holder_ = nullptr;
  stage_.changed_.notify_all();
  stage_.changed_.wait(lock, [&] { return stage_.holder_ == this; });
}

Stage::~Stage() {
  for (const auto& actor : actors_) {
    if (actor->thread_.joinable()) actor->thread_.join();
  }
}

void Stage::add(std::string name, std::function<void(Actor&)> script) {
  actors_.push_back(std::make_unique<Actor>(*this, std::move(name), static_cast<int>(actors_.size())));
  Actor& actor = *actors_.back();
  actor.wakes_ = now_;
  actor.thread_ = std::thread([this, &actor, script = std::move(script)] {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return holder_ == &actor; });
    }
    const SingleLane one_thread;
    script(actor);
    const std::scoped_lock lock(mutex_);
    actor.ended_ = true;
    holder_ = nullptr;
    changed_.notify_all();
  });
}

void Stage::give_to(Actor& actor) {
  std::unique_lock lock(mutex_);
  holder_ = &actor;
  changed_.notify_all();
  changed_.wait(lock, [&] { return holder_ == nullptr; });
}

/// Any actor that can go on now; time moves to the first that can where there is none.
Actor* Stage::next() {
  std::vector<Actor*> waiting;
  for (const auto& actor : actors_) {
    if (!actor->ended_) waiting.push_back(actor.get());
  }
  if (waiting.empty()) return nullptr;
  const auto first = std::min_element(waiting.begin(), waiting.end(), [](const Actor* a, const Actor* b) {
    return std::tie(a->wakes_, a->number_) < std::tie(b->wakes_, b->number_);
  });
  now_ = std::max(now_, (*first)->wakes_);
  // Those that wake a moment later may be as early: networks and kernels keep no order.
  std::erase_if(waiting, [&](const Actor* actor) { return actor->wakes_ > now_ + 20; });
  return waiting[pick(waiting.size())];
}

void Stage::run() {
  while (Actor* actor = next()) {
    now_ = std::max(now_, actor->wakes_);
    for (bool again = true; again;) {
      again = false;
      for (std::size_t i = 0; i < late_.size() && !again; ++i) {
        if (late_[i].at > now_) continue;
        const auto effect = std::move(late_[i].effect);
        late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
        effect();
        again = true;
      }
    }
    give_to(*actor);
  }
}

void Stage::later(std::chrono::milliseconds delay, std::function<void()> effect) {
  late_.push_back({now_ + delay.count(), std::move(effect)});
}

void Stage::settle() {
  for (const Late& late : std::exchange(late_, {}))
    late.effect();
}

void Stage::note(const std::string& who, const std::string& what) {
  trace_.push_back(fmt::format("{:>9.3f} s  {:<4} {}", static_cast<double>(now_) / 1000, who, what));
}

void Stage::fail(const std::string& why) {
  if (failure_) return;
  failure_ = why;
  note("", "FAILED: " + why);
}

}  // namespace slipway::sim
