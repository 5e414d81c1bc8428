#include "release/project_checks.h"

#include <set>

#include "slipway/base/text.h"

namespace slipway::release {
namespace {

std::vector<std::string> names_of(const Project& project) {
  std::vector<std::string> names;
  for (const Environment& environment : project.environments)
    names.push_back(environment.name);
  return names;
}

bool reaches(const Project& project, const Environment& from, const std::string& goal, std::set<std::string>& seen) {
  for (const std::string& name : from.after) {
    if (name == goal) return true;
    const Environment* next = project.find(name);
    if (next != nullptr && seen.insert(name).second && reaches(project, *next, goal, seen)) return true;
  }
  return false;
}

void check_after(const Project& project, const Environment& environment, const AfterPlaces& after,
                 Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < environment.after.size(); ++i) {
    const std::string& name = environment.after[i];
    if (project.find(name) != nullptr) continue;
    const auto near = nearest(name, names_of(project));
    diagnostics.error(after.at(environment.name)[i],
                      fmt::format("environments.{}.after names \"{}\", which is not an environment", environment.name,
                                  printable(name, 80)),
                      near ? fmt::format("did you mean {}?", *near) : "");
  }
  std::set<std::string> seen;
  if (!reaches(project, environment, environment.name, seen)) return;
  diagnostics.error(environment.where, fmt::format("environments.{}.after leads back to itself", environment.name),
                    "no build could ever come there first");
}

/// `other`-v1...: what the keep tags of `other` begin with.
bool is_like_keep_tag(const std::string& name, const std::string& other) {
  const std::string prefix = other + "-v";
  return name.rfind(prefix, 0) == 0 && name.size() > prefix.size() && name[prefix.size()] >= '0' &&
         name[prefix.size()] <= '9';
}

/// A moving tag or a name that looks like a record's would be taken for one.
void check_names(const Project& project, const Environment& environment, Diagnostics& diagnostics) {
  for (const Environment& other : project.environments) {
    if (is_like_keep_tag(environment.name, other.name)) {
      diagnostics.error(
          environment.where,
          fmt::format("the name of environments.{} has the form of a release of {}", environment.name, other.name),
          "choose another name");
    }
    const std::string owner = project.app + "." + other.name;
    if (is_like_keep_tag(environment.tag, owner) || environment.tag.rfind(owner + ".", 0) == 0) {
      diagnostics.error(environment.where,
                        fmt::format("the tag \"{}\" of environments.{} has the form of the records of {}",
                                    environment.tag, environment.name, other.name),
                        "choose another tag");
    }
  }
}

}  // namespace

void check_project(const Project& project, const AfterPlaces& after, Diagnostics& diagnostics) {
  std::map<std::string, std::string> movers;
  for (const Environment& environment : project.environments) {
    check_after(project, environment, after, diagnostics);
    check_names(project, environment, diagnostics);
    if (project.immutable_tags && environment.repository.same_place(project.ledger)) {
      diagnostics.error(
          environment.where,
          fmt::format("environments.{} moves the tag \"{}\" in {}, whose tags are immutable: it is the ledger",
                      environment.name, environment.tag, project.ledger.str()),
          "give the environment or the ledger a repository of its own");
    }
    // Two environments that move one tag would undo each other's releases.
    const std::string key = environment.repository.place() + ":" + environment.tag;
    const auto [at, added] = movers.emplace(key, environment.name);
    if (added) continue;
    diagnostics.error(
        environment.where,
        fmt::format("environments.{} moves the same tag as environments.{}: {}", environment.name, at->second, key),
        "give it a repository or a tag of its own");
  }
}

}  // namespace slipway::release
