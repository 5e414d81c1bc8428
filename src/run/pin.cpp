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
Result<std::optional<std::string>> decide(const FoundReference& found, const Resolver& resolve, PinReport& report) {
  const auto location = oci::Location::parse_for_reading(found.written);
  if (!location || !location->is_registry()) {
    report.notes.push_back({found.where, fmt::format("{}: \"{}\" is no image reference of a registry, left alone",
                                                     found.role, printable(found.written, 200))});
    return std::nullopt;
  }
  auto pin = resolve(*location);
  if (!pin) {
    return fail(std::move(pin)
                    .error()
                    .at(found.where)
                    .in(fmt::format("pinning {} ({})", printable(found.written, 200), found.role)));
  }
  if (!*pin) return std::nullopt;
  std::string after = pinned_text(found.written, *location, **pin);
  if (after == found.written) return std::nullopt;
  return after;
}

Result<PinReport> pin_with(const ReferenceFinder& finder, Findings findings, const Resolver& resolve,
                           PinReport report) {
  report.format = finder.format();
  report.references = findings.references.size();
  report.notes = std::move(findings.notes);
  std::sort(findings.references.begin(), findings.references.end(),
            [](const FoundReference& a, const FoundReference& b) { return a.range.begin < b.range.begin; });
  std::vector<Error> errors;
  std::vector<config::Edit> edits;
  for (const FoundReference& found : findings.references) {
    auto after = decide(found, resolve, report);
    if (!after) {
      errors.push_back(std::move(after).error());
    } else if (*after) {
      edits.push_back({found.range, **after});
      report.changes.push_back({found.where, found.role, found.written, **after});
    }
  }
  if (!errors.empty()) return fail(combine(std::move(errors)));
  if (!edits.empty()) {
    SLIPWAY_ASSIGN(report.after, finder.apply(report.before, report.file, std::move(edits)));
  }
  std::stable_sort(report.notes.begin(), report.notes.end(),
                   [](const PinNote& a, const PinNote& b) { return comes_before(a.where, b.where); });
  return report;
}

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

Result<PinReport> pin_text(std::string_view text, const std::string& file, const Resolver& resolve) {
  PinReport report;
  report.file = file;
  report.before = std::string(text);
  report.after = report.before;
  for (const ReferenceFinder* finder : all_finders()) {
    auto findings = finder->find(text, file);
    if (!findings && holds_template(text)) {
      report.notes.push_back({findings.error().where.value_or(Where{file, 1, 1}),
                              "holds {{ }} templates, left alone; pin the rendered file instead"});
      return report;
    }
    if (!findings) return fail(std::move(findings).error());
    if (*findings) return pin_with(*finder, **std::move(findings), resolve, std::move(report));
  }
  report.notes.push_back({Where{file, 0, 0}, "not understood, left alone; pin knows Kubernetes YAML"});
  return report;
}

Result<std::vector<PinReport>> plan_pins(FileSystem& fs, const std::vector<std::string>& files,
                                         const Resolver& resolve) {
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
    auto report = pin_text(*text, file, once);
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
