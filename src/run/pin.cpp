#include "slipway/run/pin.h"

#include <algorithm>
#include <set>
#include <utility>

#include "slipway/base/text.h"
#include "slipway/run/reference_finder.h"

namespace slipway::run {

namespace {

constexpr std::size_t kMaxFile = 16u << 20;
constexpr int kMaxLinks = 40;

bool holds_template(std::string_view text) { return text.find("{{") != std::string_view::npos; }

bool comes_before(const Where& a, const Where& b) { return a.row != b.row ? a.row < b.row : a.col < b.col; }

/// What becomes of one reference; nullopt when it stays as it is.
Result<std::optional<PinnedReference>> decide(const FoundReference& found, const oci::Location& location,
                                              const Resolver& resolve) {
  auto pin = resolve(location);
  if (!pin) {
    return fail(std::move(pin)
                    .error()
                    .at(found.where)
                    .in(fmt::format("pinning {} ({})", printable(found.written, 200), found.role)));
  }
  return pin;
}

/// Sets a part's value where it differs; adds its key where it is not there and may be.
void set_part(const ReferenceParts& parts, const ReferencePart& part, const std::string& value, bool add,
              FileEdits& edits) {
  if (part.range && part.value != value) edits.edits.push_back({*part.range, value});
  if (!part.range && add) edits.insertions.push_back({parts.neighbour, part.key, value});
}

/// The reference that the parts will make.
std::string set_parts(const FoundReference& found, const PinnedReference& pin, FileEdits& edits) {
  const ReferenceParts& parts = *found.parts;
  std::string name = parts.name.value;
  std::string registry = parts.registry.value;
  if (pin.name) {
    const std::size_t slash = pin.name->find('/');
    registry = parts.registry.range ? pin.name->substr(0, slash) : "";
    name = parts.registry.range ? pin.name->substr(slash + 1) : *pin.name;
  }
  if (pin.name) set_part(parts, parts.registry, registry, false, edits);
  set_part(parts, parts.name, name, parts.adds_name && name != parts.name.value, edits);
  if (pin.tag) set_part(parts, parts.tag, *pin.tag, false, edits);
  set_part(parts, parts.digest, pin.digest.str(), true, edits);
  const std::string tag = pin.tag && parts.tag.range ? *pin.tag : parts.tag.value;
  return (registry.empty() ? name : registry + "/" + name) + (tag.empty() ? "" : ":" + tag) + "@" + pin.digest.str();
}

/// A tag that is not written is the chart's to choose: what a registry has as "latest" says nothing of it.
bool has_unknown_tag(const FoundReference& found) {
  return found.parts && found.parts->tag.value.empty() && found.parts->digest.value.empty();
}

class Pinning {
 public:
  Pinning(const ReferenceFinder& finder, const Resolver& resolve, PinReport report)
      : finder_(finder), resolve_(resolve), report_(std::move(report)) {}

  Result<PinReport> run(Findings findings) {
    report_.format = findings.format;
    report_.references = findings.references.size();
    report_.notes = std::move(findings.notes);
    std::sort(findings.references.begin(), findings.references.end(),
              [](const FoundReference& a, const FoundReference& b) { return a.range.begin < b.range.begin; });
    for (const FoundReference& found : findings.references)
      take(found);
    if (!errors_.empty()) return fail(combine(std::move(errors_)));
    SLIPWAY_TRY(edit());
    std::stable_sort(report_.notes.begin(), report_.notes.end(),
                     [](const PinNote& a, const PinNote& b) { return comes_before(a.where, b.where); });
    return std::move(report_);
  }

 private:
  void note(const FoundReference& found, std::string_view why) {
    report_.notes.push_back(
        {found.where, fmt::format("{}: \"{}\" {}, left alone", found.role, printable(found.written, 200), why)});
  }

  void take(const FoundReference& found) {
    const auto location = oci::Location::parse_for_reading(found.written);
    if (!location || !location->is_registry()) return note(found, "is no image reference of a registry");
    auto pin = decide(found, *location, resolve_);
    const bool of_registry = !pin || (*pin && !(*pin)->name && !(*pin)->tag);
    if (has_unknown_tag(found) && of_registry) return note(found, "has no tag here, so its digest is not known");
    if (!pin) return errors_.push_back(std::move(pin).error());
    if (!*pin) return;
    const std::string after =
        found.parts ? set_parts(found, **pin, edits_) : pinned_text(found.written, *location, **pin);
    if (after == found.written) return;
    if (!found.parts) edits_.edits.push_back({found.range, found.prefix + after});
    report_.changes.push_back({found.where, found.role, found.written, after});
  }

  /// An edit that cannot be proved harmless is none.
  Status edit() {
    if (edits_.edits.empty() && edits_.insertions.empty()) return {};
    auto edited = finder_.apply(report_.before, report_.file, std::move(edits_));
    if (edited) {
      report_.after = *std::move(edited);
      return {};
    }
    if (edited.error().code != Errc::internal) return fail(std::move(edited).error());
    report_.changes.clear();
    report_.notes.push_back({Where{report_.file, 1, 1}, "cannot be edited without touching more, left alone"});
    return {};
  }

  const ReferenceFinder& finder_;
  const Resolver& resolve_;
  PinReport report_;
  FileEdits edits_;
  std::vector<Error> errors_;
};

/// The file behind a symlink, so that replacing it leaves the link in place.
Result<stdfs::path> behind_links(FileSystem& fs, stdfs::path path) {
  for (int links = 0; links < kMaxLinks; ++links) {
    SLIPWAY_ASSIGN(const FileStat stat, fs.stat(path));
    if (stat.type != FileType::symlink) return path;
    SLIPWAY_ASSIGN(const std::string target, fs.read_link(path));
    path = path.parent_path() / target;
  }
  return fail(Errc::failed, "{}: too many symlinks", printable(path.string()));
}

}  // namespace

Result<PinReport> pin_text(std::string_view text, const std::string& file, const Resolver& resolve,
                           const PinOptions& options) {
  PinReport report;
  report.file = file;
  report.before = std::string(text);
  report.after = report.before;
  for (const ReferenceFinder* finder : all_finders()) {
    auto findings = finder->find(text, file, options);
    if (!findings && holds_template(text)) {
      report.notes.push_back({findings.error().where.value_or(Where{file, 1, 1}),
                              "holds {{ }} templates, left alone; pin the rendered file instead"});
      return report;
    }
    if (!findings) return fail(std::move(findings).error());
    if (*findings) return Pinning(*finder, resolve, std::move(report)).run(**std::move(findings));
  }
  report.notes.push_back(
      {Where{file, 0, 0},
       "not understood, left alone; pin knows Kubernetes, kustomize, Helm values, compose, Dockerfile, "
       "quadlet, systemd, GitHub Actions and GitLab CI"});
  return report;
}

Result<std::vector<PinReport>> plan_pins(FileSystem& fs, const std::vector<std::string>& files, const Resolver& resolve,
                                         const PinOptions& options) {
  const Resolver once = remember(resolve);
  std::vector<PinReport> reports;
  std::vector<Error> errors;
  std::set<std::string> seen;
  for (const std::string& file : files) {
    if (!seen.insert(file).second) continue;
    auto text = read_file(fs, file, kMaxFile);
    if (!text) {
      errors.push_back(std::move(text).error());
      continue;
    }
    auto report = pin_text(*text, file, once, options);
    if (!report) {
      errors.push_back(std::move(report).error());
    } else {
      reports.push_back(*std::move(report));
    }
  }
  if (!errors.empty()) return fail(combine(std::move(errors)));
  return reports;
}

Status write_pins(FileSystem& fs, const std::vector<PinReport>& reports) {
  for (const PinReport& report : reports) {
    if (!report.changed()) continue;
    SLIPWAY_ASSIGN(const std::string now, read_file(fs, report.file, kMaxFile));
    if (now != report.before) {
      return fail(Error(Errc::conflict, fmt::format("{} changed while it was being pinned", printable(report.file)))
                      .with_hint("run pin again"));
    }
  }
  for (const PinReport& report : reports) {
    if (!report.changed()) continue;
    SLIPWAY_ASSIGN(const stdfs::path path, behind_links(fs, report.file));
    SLIPWAY_ASSIGN(const FileStat stat, fs.stat(path));
    SLIPWAY_TRY(write_file_atomically(fs, path, report.after, stat.mode));
  }
  return {};
}

}  // namespace slipway::run
