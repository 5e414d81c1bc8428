#include "simulator/triples.h"

#include <regex>

#include "slipway/io/hash.h"

namespace slipway::sim {
namespace {

struct Kind {
  std::regex pattern;
  const char* name;
};

/// Tags by their shape, the most special first.
const Kind kTags[] = {{std::regex(R"(hello\.\w+\.v\d+\.[0-9a-f]{12})"), "entry"},
                      {std::regex(R"(hello\.\w+\.v\d+)"), "claim"},
                      {std::regex(R"(hello\.\w+\.i\d+\.[0-9a-f]{12})"), "intent"},
                      {std::regex(R"(hello\.\w+\.e\.[0-9a-f]{12})"), "event"},
                      {std::regex(R"(hello\.\w+\.c\.[0-9a-f]{12})"), "config"},
                      {std::regex(R"(hello\.\w+-v\d+(-[0-9a-f]{12})?)"), "keep tag"},
                      {std::regex(R"(n\d+)"), "tag written once"},
                      {std::regex(R"((sha256:)?[0-9a-f]{12,64})"), "digest"},
                      {std::regex(R"(b\d+)"), "build"},
                      {std::regex(R"(staging|production|guarded)"), "moving tag"}};

std::string kind_of_place(const std::string& place) {
  if (place.ends_with("-releases")) return "the ledger";
  return place.ends_with("team/hello") ? "the builds" : "the environment";
}

}  // namespace

std::string kind_of_object(const std::string& object) {
  for (const Kind& kind : kTags) {
    if (std::regex_match(object, kind.pattern)) return kind.name;
  }
  return object;
}

std::string kind_of_effect(const std::string& effect) {
  static const std::regex request(R"((reg\.example/\S+) (\S+)( (\S+))?.*)");
  std::smatch parts;
  if (!std::regex_match(effect, parts, request)) {
    static const std::regex temporary(R"(\.tmp\S*|hello\.\w+(\.json)?)");
    return std::regex_replace(effect, temporary, "a file");
  }
  return parts[2].str() + (parts[4].matched ? " " + kind_of_object(parts[4]) : "") + " in " + kind_of_place(parts[1]);
}

void add_triples(const Habits& habits, const std::string& effect, const std::string& command,
                 std::set<std::string>& triples) {
  const std::pair<bool, const char*> quirks[] = {
      {habits.unreachable > 0, "unreachable"},  {habits.lost_answers > 0, "lost answers"},
      {habits.late_writes > 0, "late writes"},  {habits.dangling_tags > 0, "dangling tags"},
      {habits.empty_links > 0, "empty links"},  {habits.list_delay > 0, "late lists"},
      {habits.outages > 0, "outages"},          {!habits.victim.empty(), "a victim"},
      {habits.refuses_subjects, "no subjects"}, {habits.collects, "collections"}};
  const std::string point = kind_of_effect(effect);
  bool any = false;
  for (const auto& [has, name] : quirks) {
    if (has) triples.insert(fmt::format("{}; {}; {}", point, name, command));
    any = any || has;
  }
  if (!any) triples.insert(fmt::format("{}; none; {}", point, command));
}

std::string state_of(ModelRegistry& registry) {
  std::string text;
  for (const auto& [place, repository] : registry.repositories()) {
    for (const auto& [name, tag] : repository.tags)
      text += place + ":" + name + "=" + (tag.root ? tag.root->digest.short_hex() : "nothing") + "\n";
  }
  return io::digest_of(text).short_hex();
}

}  // namespace slipway::sim
