#pragma once

#include <map>
#include <set>

#include "simulator/stage.h"
#include "slipway/store/opener.h"
#include "slipway/store/powers.h"
#include "slipway/store/target.h"

namespace slipway::sim {

/// Habits and faults of a registry, in percent of the requests unless it says otherwise.
struct Habits {
  unsigned unreachable = 0;   ///< nothing happens, and the answer is a network error
  unsigned lost_answers = 0;  ///< of writes: carried out, and the answer is a network error
  unsigned late_writes = 0;   ///< of writes: a network error, and carried out up to a minute later, 6 s for moving tags
  unsigned dangling_tags = 0;   ///< of tags that are new: a network error; listed for ever after, and not there
  unsigned empty_links = 0;     ///< of tags that are new: the same, and reading it is answered with 500
  unsigned outages = 0;         ///< of writes: the registry dies, before or after, and comes back within half a minute
  std::string victim;           ///< a kind of tag (kind_of_object) whose writes meet these faults eight times as often
  std::int64_t list_delay = 0;  ///< milliseconds until a new tag is listed
  bool refuses_subjects = false;  ///< documents with a subject are refused
  bool collects = false;          ///< its housekeeping may run between commands
};

/// The content of all repositories of the world: plain facts, without faults.
class ModelRegistry {
 public:
  struct Content {
    std::string media_type;
    std::string bytes;
    std::int64_t put_at = 0;
  };
  struct Tag {
    std::optional<oci::Descriptor> root;  ///< nothing: it is listed, and not there
    std::int64_t listed_at = 0;
    bool broken = false;  ///< its link is empty: reading it is answered with 500
  };
  struct Repository {
    std::map<Digest, Content> content;
    std::map<std::string, Tag> tags;
  };

  /// While it is down, until this moment, it answers nobody.
  std::int64_t down_until = 0;

  Repository& repository(const std::string& place) { return repositories_[place]; }
  std::map<std::string, Repository>& repositories() { return repositories_; }
  /// Removes every document that no tag reaches, and every blob that no document names, if it was put before `before`:
  /// a collection leaves alone what an upload under way has just sent.
  void collect(std::int64_t before);

 private:
  std::map<std::string, Repository> repositories_;
};

/// How one actor sees the registry; without an actor: the plain truth, at once. Gives out targets of repositories.
class ModelOpener final : public store::Opener {
 public:
  ModelOpener(ModelRegistry& registry, Actor* actor, const Habits& habits)
      : registry_(registry), actor_(actor), habits_(habits) {}
  Result<std::shared_ptr<store::ReadTarget>> open_for_reading(const oci::Location& location, Side side) override;
  Result<std::shared_ptr<store::Target>> open_for_writing(const oci::Location& location, Side side) override;

 private:
  ModelRegistry& registry_;
  Actor* actor_;
  const Habits& habits_;
};

}  // namespace slipway::sim
