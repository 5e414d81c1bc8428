#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "slipway/base/clock.h"

// The simulator's scheduler. Several actors (machines that run commands) act in one process, one at a time: a thread
// each, and a baton that only one of them has. At every step (a request, a change of a disk, a pause) an actor gives
// the baton back, and the stage picks the next one by the seed. Time is virtual: it moves by the step's latency, and to
// the next sleeper when nobody else can go on. The same seed is the same run.
//
//   Stage stage(seed);
//   stage.add("m1", [](Actor& actor) { while (actor.step("GET x")) {} });
//   stage.run();
//   std::puts(stage.trace().c_str());

namespace slipway::sim {

class Stage;

/// One machine. Its services call step() before each effect; after kill() every effect fails without being carried out,
/// so that the code under test unwinds as if the process had died there.
class Actor {
 public:
  Actor(Stage& stage, std::string name, int number) : stage_(stage), name_(std::move(name)), number_(number) {}

  /// Waits for the baton. Errc::cancelled when the process is dead or dies here.
  Status step(const std::string& what);
  /// Waits for virtual time to pass. Errc::cancelled as step().
  Status sleep(std::chrono::milliseconds duration);
  /// The same without a word in the trace and without the possibility to die.
  void wait(std::chrono::milliseconds duration);
  /// Dies at the step with this number from now, counted from 1.
  void die_in(int steps) { dies_in_ = steps; }
  /// Dies at the step that follows the write to a registry with this number from now, counted from 1.
  void die_after_write(int writes) { dies_after_ = writes; }
  /// Called after each write that a registry carried out.
  void wrote() {
    if (dies_after_ > 0 && --dies_after_ == 0) dies_in_ = 1;
  }
  bool dead() const { return dead_; }
  /// The effect before which it died last.
  const std::string& died_before() const { return died_before_; }
  void revive() {
    dead_ = false;
    dies_in_ = dies_after_ = 0;
  }
  const std::string& name() const { return name_; }
  Stage& stage() { return stage_; }

 private:
  friend class Stage;
  void pass_baton(std::chrono::milliseconds pause);

  Stage& stage_;
  std::string name_, died_before_;
  int number_;
  std::int64_t wakes_ = 0;
  int dies_in_ = 0, dies_after_ = 0;
  bool dead_ = false;
  bool ended_ = false;
  std::thread thread_;
};

class Stage {
 public:
  explicit Stage(std::uint64_t seed) : random_(seed) {}
  ~Stage();

  void add(std::string name, std::function<void(Actor&)> script);
  /// Runs until every actor's script has ended, or something failed.
  void run();

  /// A number below `count`; true in `percent` of a hundred cases.
  std::uint64_t pick(std::uint64_t count) { return count == 0 ? 0 : random_() % count; }
  bool chance(unsigned percent) { return pick(100) < percent; }

  std::int64_t millis() const { return now_; }
  /// Carries `effect` out when that much time has passed: a write that arrives late.
  void later(std::chrono::milliseconds delay, std::function<void()> effect);
  /// Carries out everything that is still under way.
  void settle();

  void note(const std::string& who, const std::string& what);
  /// An invariant does not hold: ends the run.
  void fail(const std::string& why);
  const std::optional<std::string>& failure() const { return failure_; }
  const std::vector<std::string>& trace() const { return trace_; }
  std::uint64_t steps() const { return steps_; }

 private:
  friend class Actor;
  struct Late {
    std::int64_t at;
    std::function<void()> effect;
  };
  Actor* next();
  void give_to(Actor& actor);

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::vector<Late> late_;
  std::vector<std::string> trace_;
  std::optional<std::string> failure_;
  std::int64_t now_ = 0;
  std::uint64_t steps_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  Actor* holder_ = nullptr;  // nullptr: the stage
};

/// The clock of an actor: it sleeps in virtual time.
class StageClock final : public Clock {
 public:
  explicit StageClock(Actor& actor) : actor_(actor) {}
  std::int64_t now() override { return 1'700'000'000 + actor_.stage().millis() / 1000; }
  std::chrono::milliseconds monotonic() override { return std::chrono::milliseconds(actor_.stage().millis()); }
  Status sleep(std::chrono::milliseconds duration, std::stop_token) override { return actor_.sleep(duration); }

 private:
  Actor& actor_;
};

}  // namespace slipway::sim
