#include "slipway/run/pin.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

#include "run/build_contexts.h"
#include "run/chart_templates.h"
#include "run/reference_parts.h"
#include "run/utf16.h"
#include "slipway/base/file_batch.h"
#include "slipway/base/lanes.h"
#include "slipway/base/text.h"
#include "slipway/base/worker.h"

namespace slipway::run {

namespace {

constexpr std::size_t kMaxFile = 16u << 20;
constexpr int kMaxLinks = 40;
/// Files that are planned at the same time: their trees need some forty times their bytes.
constexpr std::size_t kFilesAtOnce = 1024;
constexpr std::uint64_t kBytesAtOnce = 2u << 20;

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

/// Returns true for sha256:HEX, which is an image of the local store and of no registry.
bool is_image_id(std::string_view text) {
  constexpr std::string_view kAlgorithm = "sha256:";
  return text.starts_with(kAlgorithm) && text.size() == kAlgorithm.size() + 64;
}

bool comes_before(const Where& a, const Where& b) { return a.row != b.row ? a.row < b.row : a.col < b.col; }

/// Orders references by their places in the file, those of one text inside it by their places there.
bool stands_before(const FoundReference& a, const FoundReference& b) {
  const std::size_t a_begin = a.inner ? a.inner->range.begin : a.range.begin;
  const std::size_t b_begin = b.inner ? b.inner->range.begin : b.range.begin;
  return a_begin != b_begin ? a_begin < b_begin : a.inner && b.inner && a.range.begin < b.range.begin;
}

/// The references of a run as places, each parsed once; nullopt for what is not in a registry.
class Locations {
 public:
  const std::optional<oci::Location>& of(const std::string& written) {
    const auto [known, is_new] = known_.try_emplace(written);
    if (!is_new) return known->second;
    auto location = oci::Location::parse_for_reading(written);
    if (location && location->is_registry()) known->second = *std::move(location);
    return known->second;
  }

 private:
  std::unordered_map<std::string, std::optional<oci::Location>> known_;
};

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
  if (found.parts && pin.name && has_outer_registry(*found.parts))
    return pin.name->starts_with(found.parts->registry.value + "/");
  const bool is_fixed = found.parts && !found.parts->name.range && !found.parts->adds_name;
  return !is_fixed || !pin.name || *pin.name == location.place();
}

/// The place of an edit: in the file, or in a text inside it.
using EditPlace = std::pair<const InnerText*, std::size_t>;

EditPlace place_of(const Decision& decision, const config::Range& range) {
  return {decision.found->inner.get(), range.begin};
}

/// A value that a reference needs at a place.
struct NeededValue {
  EditPlace place;
  std::string_view value;
  bool operator<(const NeededValue& other) const { return place < other.place; }
};

/// Adds the values that a reference needs: the new ones of its edits, and the old ones of all its other parts.
void add_needed(const Decision& decision, std::vector<NeededValue>& out) {
  const auto needs_old = [&](const config::Range& range, std::string_view value) {
    const auto edits = std::span(decision.edits.edits);
    const bool is_edited =
        std::any_of(edits.begin(), edits.end(), [&](const auto& edit) { return edit.range == range; });
    if (!is_edited) out.push_back({place_of(decision, range), value});
  };
  for (const config::Edit& edit : decision.edits.edits)
    out.push_back({place_of(decision, edit.range), edit.value});
  const FoundReference& found = *decision.found;
  if (!found.parts && found.prefix.empty() && found.suffix.empty()) needs_old(found.range, found.written);
  if (!found.parts) return;
  for (const ReferencePart* part :
       {&found.parts->registry, &found.parts->name, &found.parts->tag, &found.parts->digest}) {
    if (part->range) needs_old(*part->range, part->value);
  }
}

/// Returns the places at which references need different values.
std::set<EditPlace> disputed_places(const std::vector<Decision>& decisions, const std::vector<Decision>& unchanged) {
  std::vector<NeededValue> needed;
  for (const std::vector<Decision>* some : {&decisions, &unchanged}) {
    for (const Decision& decision : *some)
      add_needed(decision, needed);
  }
  std::stable_sort(needed.begin(), needed.end());
  std::set<EditPlace> disputed;
  for (std::size_t i = 1; i < needed.size(); ++i) {
    if (needed[i].place == needed[i - 1].place && needed[i].value != needed[i - 1].value)
      disputed.insert(needed[i].place);
  }
  return disputed;
}

void append(FileEdits& all, FileEdits edits) {
  std::move(edits.edits.begin(), edits.edits.end(), std::back_inserter(all.edits));
  std::move(edits.insertions.begin(), edits.insertions.end(), std::back_inserter(all.insertions));
}

/// Pins the references of one file in three steps. Files may be searched and edited on several lanes; only decide()
/// uses the resolver.
class Pinning {
 public:
  /// Takes a report with the file and its text; one with errors is left as it is.
  explicit Pinning(PinReport report) : report_(std::move(report)) {}

  void find(const PinOptions& options) {
    if (!report_.errors.empty() || is_utf16(options)) return;
    for (const ReferenceFinder* finder : all_finders()) {
      auto findings = finder->find(report_.before, report_.file, options);
      if (!findings) return broken(std::move(findings).error());
      if (*findings) return found(*finder, **std::move(findings));
    }
    report_.notes.push_back(
        {Where{report_.file, 0, 0}, "", "format not recognized, left alone; say which with --format NAME=GLOB", 0});
  }

  void decide(const Resolver& resolve, const PinOptions& options, Locations& locations) {
    for (const FoundReference& found : findings_.references)
      decide(found, resolve, options, locations);
    drop_disputed();
    std::stable_sort(report_.notes.begin(), report_.notes.end(),
                     [](const PinNote& a, const PinNote& b) { return comes_before(a.where, b.where); });
  }

  /// Makes the text of the decisions. An edit that cannot be proved harmless is not made.
  void edit(const PinOptions& options) {
    for (const Decision& decision : decisions_)
      report_.pinned += decision.is_pinned ? 1 : 0;
    auto all = edits_of_file();
    if (!all) return not_edited(std::move(all).error());
    if (all->edits.empty() && all->insertions.empty()) return;
    auto edited = finder_->apply(report_.before, report_.file, options, findings_, *std::move(all));
    if (!edited) return not_edited(std::move(edited).error());
    report_.after = *std::move(edited);
    for (const Decision& decision : decisions_) {
      const FoundReference& found = *decision.found;
      if (decision.after != found.written)
        report_.changes.push_back({found.where, found.role, found.written, decision.after, decision.policy});
    }
  }

  PinReport take() && { return std::move(report_); }

 private:
  /// Returns true for a text in UTF-16 with images, which is an error: it would have to be written in UTF-16, too.
  bool is_utf16(const PinOptions& options) {
    const auto text = utf8_of_utf16(report_.before);
    if (!text) return false;
    PinReport recoded;
    recoded.file = report_.file;
    recoded.before = *text;
    Pinning pinning(std::move(recoded));
    pinning.find(options);
    const std::size_t count = pinning.findings_.references.size() + pinning.report_.left_alone();
    if (count == 0 && pinning.report_.errors.empty()) return false;
    report_.errors.push_back(
        error(Errc::invalid_argument, "{} is written in UTF-16, which is not read", printable(report_.file))
            .at(Where{report_.file, 1, 1})
            .with_hint("save the file as UTF-8"));
    return true;
  }

  /// A text that no finder can read: a template of Helm, or a fault.
  void broken(Error failure) {
    if (!holds_template(report_.before)) return report_.errors.push_back(std::move(failure));
    report_.notes.push_back({failure.where.value_or(Where{report_.file, 1, 1}), "",
                             "holds {{ }} templates, left alone; pin the rendered file instead",
                             count_image_lines(report_.before)});
  }

  void found(const ReferenceFinder& finder, Findings findings) {
    finder_ = &finder;
    report_.format = findings.format;
    report_.notes = std::move(findings.notes);
    findings_ = std::move(findings);
    std::stable_sort(findings_.references.begin(), findings_.references.end(), stands_before);
  }

  /// Takes the edits of the decisions. Those of a text inside the file become its new text, which is proved here.
  Result<FileEdits> edits_of_file() {
    FileEdits all;
    std::map<const InnerText*, FileEdits> texts;
    for (Decision& decision : decisions_)
      append(decision.found->inner ? texts[decision.found->inner.get()] : all, std::move(decision.edits));
    for (auto& [inner, edits] : texts) {
      if (edits.edits.empty() && edits.insertions.empty()) continue;
      SLIPWAY_ASSIGN(std::string text,
                     inner->finder->apply(inner->text, inner->file, {}, inner->findings, std::move(edits)));
      all.edits.push_back({inner->range, std::move(text)});
    }
    return all;
  }

  void not_edited(Error failure) {
    report_.pinned = 0;
    if (failure.code != Errc::internal) return report_.errors.push_back(std::move(failure));
    report_.notes.push_back({Where{report_.file, 1, 1}, "", "cannot be edited without touching more, left alone", 0});
  }

  /// BuildKit compares the name as short as it can be written, and with a tag other than "latest".
  bool is_context(const oci::Location& location, const PinOptions& options) const {
    if (!options.is_context || findings_.format != "dockerfile" || location.digest()) return false;
    std::string name = location.place();
    for (const std::string_view prefix : {"docker.io/", "library/"}) {
      if (name.starts_with(prefix)) name.erase(0, prefix.size());
    }
    if (location.tag() && *location.tag() != "latest") name += ":" + *location.tag();
    return options.is_context(report_.file, name);
  }

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
    const std::string_view all = found.inner ? found.inner->text : report_.before;
    std::string_view text = policy_beside(all, found.range.begin);
    const bool has_tag = found.parts && found.parts->tag.range;
    if (text.empty() && has_tag) text = policy_beside(all, found.parts->tag.range->begin);
    if (text.empty()) return std::nullopt;
    SLIPWAY_ASSIGN(UpdatePolicy policy, parse_update_policy(text));
    return std::optional(std::move(policy));
  }

  /// Returns the reference to resolve instead: with the tag that its update policy chooses, and then without its
  /// digest. nullopt if the tag stays.
  Result<std::optional<oci::Location>> updated(const FoundReference& found, const oci::Location& location,
                                               const PinOptions& options, Decision& decision) const {
    if (!options.choose_tag || !location.tag()) return std::nullopt;
    SLIPWAY_ASSIGN(const std::optional<UpdatePolicy> beside, policy_of(found));
    SLIPWAY_ASSIGN(const std::optional<ChosenTag> chosen, options.choose_tag(location, beside));
    if (!chosen || chosen->tag == *location.tag()) return std::nullopt;
    decision.policy = chosen->policy;
    SLIPWAY_ASSIGN(oci::Location wanted, oci::Location::parse_for_reading(location.place() + ":" + chosen->tag));
    return std::optional(std::move(wanted));
  }

  Result<std::optional<PinnedReference>> pin_of(const FoundReference& found, const oci::Location& location,
                                                const Resolver& resolve, const PinOptions& options,
                                                Decision& decision) const {
    SLIPWAY_ASSIGN(const std::optional<oci::Location> moved, updated(found, location, options, decision));
    SLIPWAY_ASSIGN(std::optional<PinnedReference> pin, resolve(moved ? *moved : location));
    if (pin && !pin->tag && moved) pin->tag = moved->tag();
    return pin;
  }

  void decide(const FoundReference& found, const Resolver& resolve, const PinOptions& options, Locations& locations) {
    if (is_image_id(found.written))
      return report_.notes.push_back({found.where, found.role, "an image ID, left alone", 0, found.written});
    const std::optional<oci::Location>& location = locations.of(found.written);
    if (!location) return note(found, "is not an image reference of a registry");
    if (is_context(*location, options))
      return report_.notes.push_back(
          {found.where, found.role, "a context of a bake or compose file, left alone", 0, found.written});
    Decision decision{&found, {}, found.written, location->digest().has_value(), {}};
    auto pin = pin_of(found, *location, resolve, options, decision);
    const bool of_registry = !pin || (*pin && !(*pin)->name && !(*pin)->tag);
    const bool lacks_tag = found.parts ? has_unknown_tag(*found.parts) : found.has_other_tag;
    if (lacks_tag && of_registry) return note(found, "has no tag here, so its digest is not known");
    if (pin && *pin && !can_have_name(found, *location, **pin)) {
      unchanged_.push_back(std::move(decision));
      return note(found, "has its repository in another place, which cannot follow");
    }
    ++report_.references;
    if (!pin) {
      fail_at(found, std::move(pin).error());
    } else if (*pin) {
      auto [edits, after] = edits_of(found, *location, **pin);
      decision.edits = std::move(edits);
      decision.after = std::move(after);
      decision.is_pinned = true;
    } else if (!decision.is_pinned) {
      report_.unresolved.push_back({found.where, found.role, "is not pinned", 1, found.written});
    }
    decisions_.push_back(std::move(decision));
  }

  /// References may share a value, through an anchor or as two digests of one tag. If they need different ones there,
  /// or one of them needs the old one, none of them is changed.
  void drop_disputed() {
    const std::set<EditPlace> disputed = disputed_places(decisions_, unchanged_);
    if (disputed.empty()) return;
    std::erase_if(decisions_, [&](const Decision& decision) {
      const bool is_disputed =
          std::any_of(decision.edits.edits.begin(), decision.edits.edits.end(),
                      [&](const config::Edit& edit) { return disputed.contains(place_of(decision, edit.range)); });
      if (!is_disputed) return false;
      note(*decision.found, "shares a value with another reference that needs a different one");
      --report_.references;
      return true;
    });
  }

  PinReport report_;
  const ReferenceFinder* finder_ = nullptr;
  Findings findings_;
  std::vector<Decision> decisions_;
  std::vector<Decision> unchanged_;  ///< of references that are left alone and need the values that they have
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

PinReport read_report(FileSystem& fs, const std::string& file) {
  auto text = read_file(fs, file, kMaxFile);
  if (text) return report_for(file, *text);
  PinReport report = report_for(file, "");
  report.errors.push_back(std::move(text).error());
  return report;
}

std::vector<std::string> without_repetitions(const std::vector<std::string>& files) {
  std::vector<std::string> each;
  std::set<std::string_view> seen;
  for (const std::string& file : files) {
    if (seen.insert(file).second) each.push_back(file);
  }
  return each;
}

/// Returns the new content of a file that is still as it was read.
Result<FileContent> content_of(FileSystem& fs, const PinReport& report) {
  SLIPWAY_ASSIGN(const std::string now, read_file(fs, report.file, kMaxFile));
  if (now != report.before) {
    return fail(error(Errc::conflict, "{} changed while it was being pinned", printable(report.file))
                    .with_hint("run pin again"));
  }
  SLIPWAY_ASSIGN(stdfs::path path, behind_links(fs, report.file));
  SLIPWAY_ASSIGN(const FileStat stat, fs.stat(path));
  return FileContent{std::move(path), report.after, stat.mode};
}

/// Runs a job for each index on all processors.
void on_lanes(std::size_t count, const std::function<void(std::size_t)>& job) {
  (void)run_lanes(processor_count(), count, {}, [&](std::size_t i, const std::stop_token&) -> Status {
    job(i);
    return {};
  });
}

/// Returns how many of the files are planned at the same time: at least one.
std::size_t count_at_once(FileSystem& fs, std::span<const std::string> files) {
  std::uint64_t bytes = 0;
  std::size_t count = 0;
  while (count < std::min(kFilesAtOnce, files.size()) && (count == 0 || bytes < kBytesAtOnce)) {
    const auto stat = fs.stat(files[count], true);
    bytes += stat ? stat->size : 0;
    ++count;
  }
  return count;
}

void plan_some(FileSystem& fs, std::span<const std::string> files, const Resolver& resolve, const PinOptions& options,
               Locations& locations, std::span<PinReport> reports) {
  std::vector<std::optional<Pinning>> plans(files.size());
  on_lanes(files.size(), [&](std::size_t i) { plans[i].emplace(read_report(fs, files[i])).find(options); });
  for (std::optional<Pinning>& plan : plans)
    plan->decide(resolve, options, locations);
  on_lanes(files.size(), [&](std::size_t i) {
    plans[i]->edit(options);
    reports[i] = std::move(*plans[i]).take();
    plans[i].reset();
  });
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
  Pinning pinning(report_for(file, text));
  pinning.find(options);
  Locations locations;
  pinning.decide(resolve, options, locations);
  pinning.edit(options);
  return std::move(pinning).take();
}

std::vector<PinReport> plan_pins(FileSystem& fs, const std::vector<std::string>& files, const Resolver& resolve,
                                 const PinOptions& options) {
  const Resolver once = remember(resolve);
  PinOptions with_files = options;
  if (!with_files.templates) with_files.templates = templates_beside(fs);
  if (!with_files.is_context) with_files.is_context = contexts_above(fs);
  const std::vector<std::string> each = without_repetitions(files);
  std::vector<PinReport> reports(each.size());
  Locations locations;
  for (std::size_t begin = 0; begin < each.size();) {
    const auto rest = std::span(each).subspan(begin);
    const std::size_t count = count_at_once(fs, rest);
    plan_some(fs, rest.first(count), once, with_files, locations, std::span(reports).subspan(begin, count));
    begin += count;
  }
  return reports;
}

Status write_pins(FileSystem& fs, const std::vector<PinReport>& reports) {
  std::vector<const PinReport*> changed;
  for (const PinReport& report : reports) {
    if (report.changed()) changed.push_back(&report);
  }
  std::vector<FileContent> files(changed.size());
  SLIPWAY_TRY(run_lanes(processor_count(), changed.size(), {}, [&](std::size_t i, const std::stop_token&) -> Status {
    SLIPWAY_ASSIGN(files[i], content_of(fs, *changed[i]));
    return {};
  }));
  return write_files_atomically(fs, files);
}

}  // namespace slipway::run
