#include "slipway/run/pin.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "run/chart_templates.h"
#include "run/reference_parts.h"
#include "slipway/base/file_batch.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

constexpr std::size_t kMaxFile = 16u << 20;
constexpr int kMaxLinks = 40;

bool holds_template(std::string_view text) { return text.find("{{") != std::string_view::npos; }

/// Returns how many lines of a template name an image outright. One that a value fills in is pinned in the values.
std::size_t count_image_lines(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = text.find("image:"); at != std::string_view::npos; at = text.find("image:", at + 1)) {
    const std::string_view value = trim(text.substr(at + 6, text.find('\n', at) - at - 6));
    if (!value.empty() && value.find("{{") == std::string_view::npos) ++count;
  }
  return count;
}

bool comes_before(const Where& a, const Where& b) { return a.row != b.row ? a.row < b.row : a.col < b.col; }

/// One reference with what becomes of it.
struct Decision {
  const FoundReference* found;
  FileEdits edits;
  std::string after;
  bool is_pinned = false;
  std::string policy;
};

/// Returns false if a pin brings another repository to a reference whose name stands where it cannot be changed.
bool can_have_name(const FoundReference& found, const oci::Location& location, const PinnedReference& pin) {
  const bool is_fixed = found.parts && !found.parts->name.range && !found.parts->adds_name;
  return !is_fixed || !pin.name || *pin.name == location.place();
}

FileEdits edits_of(const FoundReference& found, const oci::Location& location, const PinnedReference& pin,
                   std::string& after) {
  FileEdits edits;
  if (found.parts) {
    after = set_parts(*found.parts, pin, edits);
  } else {
    after = pinned_text(found.written, location, pin);
    if (after != found.written) edits.edits.push_back({found.range, found.prefix + after + found.suffix});
  }
  return edits;
}

/// Decides about the references of one file and makes its text of them.
class Pinning {
 public:
  Pinning(const ReferenceFinder& finder, const Resolver& resolve, const PinOptions& options, PinReport report)
      : finder_(finder), resolve_(resolve), options_(options), report_(std::move(report)) {}

  PinReport run(Findings findings) {
    report_.format = findings.format;
    report_.notes = std::move(findings.notes);
    findings_ = &findings;
    std::stable_sort(findings.references.begin(), findings.references.end(),
                     [](const FoundReference& a, const FoundReference& b) { return a.range.begin < b.range.begin; });
    for (const FoundReference& found : findings.references)
      decide(found);
    drop_disputed();
    edit();
    std::stable_sort(report_.notes.begin(), report_.notes.end(),
                     [](const PinNote& a, const PinNote& b) { return comes_before(a.where, b.where); });
    return std::move(report_);
  }

 private:
  void note(const FoundReference& found, std::string_view why) {
    report_.notes.push_back({found.where, found.role, fmt::format("{}, left alone", why), 1, found.written});
  }

  void fail_at(const FoundReference& found, Error failure) {
    report_.errors.push_back(std::move(failure)
                                 .at(found.where)
                                 .in(fmt::format("pinning {} ({})", printable(found.written, 200), found.role)));
  }

  /// The policy in a comment beside a reference, or beside its tag.
  Result<std::optional<UpdatePolicy>> policy_of(const FoundReference& found) const {
    std::string_view text = policy_beside(report_.before, found.range.begin);
    const bool has_tag = found.parts && found.parts->tag.range;
    if (text.empty() && has_tag) text = policy_beside(report_.before, found.parts->tag.range->begin);
    if (text.empty()) return std::nullopt;
    SLIPWAY_ASSIGN(UpdatePolicy policy, parse_update_policy(text));
    return std::optional(std::move(policy));
  }

  /// Returns the reference to resolve: with the tag that its update policy chooses, and then without its digest.
  Result<oci::Location> updated(const FoundReference& found, const oci::Location& location, Decision& decision) const {
    if (!options_.choose_tag || !location.tag()) return location;
    SLIPWAY_ASSIGN(const std::optional<UpdatePolicy> beside, policy_of(found));
    SLIPWAY_ASSIGN(const std::optional<ChosenTag> chosen, options_.choose_tag(location, beside));
    if (!chosen || chosen->tag == *location.tag()) return location;
    decision.policy = chosen->policy;
    return oci::Location::parse_for_reading(location.place() + ":" + chosen->tag);
  }

  Result<std::optional<PinnedReference>> resolve(const FoundReference& found, const oci::Location& location,
                                                 Decision& decision) const {
    SLIPWAY_ASSIGN(const oci::Location wanted, updated(found, location, decision));
    SLIPWAY_ASSIGN(std::optional<PinnedReference> pin, resolve_(wanted));
    if (pin && !pin->tag && !decision.policy.empty()) pin->tag = wanted.tag();
    return pin;
  }

  void decide(const FoundReference& found) {
    const auto location = oci::Location::parse_for_reading(found.written);
    if (!location || !location->is_registry()) return note(found, "is not an image reference of a registry");
    Decision decision{&found, {}, found.written, location->digest().has_value(), {}};
    auto pin = resolve(found, *location, decision);
    const bool of_registry = !pin || (*pin && !(*pin)->name && !(*pin)->tag);
    if (found.parts && has_unknown_tag(*found.parts) && of_registry)
      return note(found, "has no tag here, so its digest is not known");
    if (pin && *pin && !can_have_name(found, *location, **pin))
      return note(found, "has its repository in another place, which cannot follow");
    ++report_.references;
    if (!pin) {
      fail_at(found, std::move(pin).error());
    } else if (*pin) {
      decision.edits = edits_of(found, *location, **pin, decision.after);
      decision.is_pinned = true;
    }
    decisions_.push_back(std::move(decision));
  }

  /// References may share a value through an anchor. If they need different ones there, none of them is changed.
  void drop_disputed() {
    std::map<std::size_t, std::set<std::string>> values;
    for (const Decision& decision : decisions_) {
      for (const config::Edit& edit : decision.edits.edits)
        values[edit.range.begin].insert(edit.value);
    }
    std::erase_if(decisions_, [&](const Decision& decision) {
      const bool disputed = std::any_of(decision.edits.edits.begin(), decision.edits.edits.end(),
                                        [&](const config::Edit& edit) { return values[edit.range.begin].size() > 1; });
      if (!disputed) return false;
      note(*decision.found, "shares a value with another reference that needs a different one");
      --report_.references;
      return true;
    });
  }

  /// An edit that cannot be proved harmless is not made.
  void edit() {
    FileEdits all;
    for (Decision& decision : decisions_) {
      report_.pinned += decision.is_pinned ? 1 : 0;
      std::move(decision.edits.edits.begin(), decision.edits.edits.end(), std::back_inserter(all.edits));
      std::move(decision.edits.insertions.begin(), decision.edits.insertions.end(), std::back_inserter(all.insertions));
    }
    if (all.edits.empty() && all.insertions.empty()) return;
    auto edited = finder_.apply(report_.before, report_.file, options_, *findings_, std::move(all));
    if (edited) {
      report_.after = *std::move(edited);
      for (const Decision& decision : decisions_) {
        const FoundReference& found = *decision.found;
        if (decision.after != found.written)
          report_.changes.push_back({found.where, found.role, found.written, decision.after, decision.policy});
      }
      return;
    }
    report_.pinned = 0;
    if (edited.error().code != Errc::internal) return report_.errors.push_back(std::move(edited).error());
    report_.notes.push_back({Where{report_.file, 1, 1}, "", "cannot be edited without touching more, left alone", 0});
  }

  const ReferenceFinder& finder_;
  const Resolver& resolve_;
  const PinOptions& options_;
  PinReport report_;
  const Findings* findings_ = nullptr;
  std::vector<Decision> decisions_;
};

/// Returns the file behind a symlink, so that replacing it leaves the link in place.
Result<stdfs::path> behind_links(FileSystem& fs, stdfs::path path) {
  for (int links = 0; links < kMaxLinks; ++links) {
    SLIPWAY_ASSIGN(const FileStat stat, fs.stat(path));
    if (stat.type != FileType::symlink) return path;
    SLIPWAY_ASSIGN(const std::string target, fs.read_link(path));
    path = path.parent_path() / target;
  }
  return fail(Errc::failed, "{}: too many symlinks", printable(path.string()));
}

PinReport report_for(const std::string& file, std::string_view text) {
  PinReport report;
  report.file = file;
  report.before = std::string(text);
  report.after = report.before;
  return report;
}

}  // namespace

std::string PinNote::message() const {
  const std::string what = written.empty() ? reason : fmt::format("\"{}\" {}", printable(written, 200), reason);
  return role.empty() ? what : role + ": " + what;
}

std::vector<NoteGroup> group_notes(const std::vector<PinReport>& reports) {
  std::vector<NoteGroup> groups;
  std::map<std::string, std::size_t> places;
  for (const PinReport& report : reports) {
    std::set<std::size_t> in_file;
    for (const PinNote& note : report.notes) {
      const auto [at, is_new] = places.try_emplace(note.reason, groups.size());
      if (is_new) groups.push_back({note.reason, {}, 0});
      groups[at->second].notes.push_back(&note);
      groups[at->second].files += in_file.insert(at->second).second ? 1 : 0;
    }
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const NoteGroup& a, const NoteGroup& b) { return a.notes.size() > b.notes.size(); });
  return groups;
}

std::size_t PinReport::left_alone() const {
  std::size_t count = 0;
  for (const PinNote& note : notes)
    count += note.unpinned;
  return count;
}

PinReport pin_text(std::string_view text, const std::string& file, const Resolver& resolve, const PinOptions& options) {
  PinReport report = report_for(file, text);
  for (const ReferenceFinder* finder : all_finders()) {
    auto findings = finder->find(text, file, options);
    if (!findings && holds_template(text)) {
      report.notes.push_back({findings.error().where.value_or(Where{file, 1, 1}), "",
                              "holds {{ }} templates, left alone; pin the rendered file instead",
                              count_image_lines(text)});
      return report;
    }
    if (!findings) {
      report.errors.push_back(std::move(findings).error());
      return report;
    }
    if (*findings) return Pinning(*finder, resolve, options, std::move(report)).run(**std::move(findings));
  }
  report.notes.push_back(
      {Where{file, 0, 0}, "", "format not recognized, left alone; say which with --format NAME=GLOB", 0});
  return report;
}

std::vector<PinReport> plan_pins(FileSystem& fs, const std::vector<std::string>& files, const Resolver& resolve,
                                 const PinOptions& options) {
  const Resolver once = remember(resolve);
  PinOptions with_charts = options;
  if (!with_charts.templates) with_charts.templates = templates_beside(fs);
  std::vector<PinReport> reports;
  std::set<std::string> seen;
  for (const std::string& file : files) {
    if (!seen.insert(file).second) continue;
    auto text = read_file(fs, file, kMaxFile);
    if (text) {
      reports.push_back(pin_text(*text, file, once, with_charts));
    } else {
      reports.push_back(report_for(file, ""));
      reports.back().errors.push_back(std::move(text).error());
    }
  }
  return reports;
}

Status write_pins(FileSystem& fs, const std::vector<PinReport>& reports) {
  for (const PinReport& report : reports) {
    if (!report.changed()) continue;
    SLIPWAY_ASSIGN(const std::string now, read_file(fs, report.file, kMaxFile));
    if (now != report.before) {
      return fail(error(Errc::conflict, "{} changed while it was being pinned", printable(report.file))
                      .with_hint("run pin again"));
    }
  }
  std::vector<FileContent> files;
  for (const PinReport& report : reports) {
    if (!report.changed()) continue;
    SLIPWAY_ASSIGN(stdfs::path path, behind_links(fs, report.file));
    SLIPWAY_ASSIGN(const FileStat stat, fs.stat(path));
    files.push_back({std::move(path), report.after, stat.mode});
  }
  return write_files_atomically(fs, files);
}

}  // namespace slipway::run
