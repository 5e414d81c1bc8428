#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/base/json.h"
#include "slipway/run/reference_resolver.h"
#include "slipway/run/update_policy.h"

namespace slipway::run {

/// Pinning replaces image references in foreign files by name:tag@digest and changes no other byte.
///
///   find_files    words of a command line    -> names of files
///   plan_pins     files, a resolver          -> one PinReport a file: the text before and after, changes, notes
///   write_pins    reports                    -> files
///
/// A resolver (reference_resolver.h) decides what each reference becomes; a finder (reference_finder.h) knows where
/// references stand in a format. Three promises hold for every format: a text is only changed where the finder, reading
/// the result again, sees the same references with the new values; pinning the result again changes nothing; and a
/// digest that is already written, in whatever form, is replaced in its place and never doubled.
///
/// One problem does not hide another. A reference that cannot be resolved, or a file that cannot be read, is an error
/// in its report, and everything else is pinned. References that stay without a digest are counted: report.unpinned()
/// is 0 only if no image of the file can change.
///
/// Threads: one at a time, as the resolver. Cost: each file is read once; only the resolver asks registries.
///
/// Example: the change of a file, with one digest for every image.
///
///     std::string diff_with(const std::string& file, const Digest& digest) {
///       const auto resolve = run::resolve_from([&](const oci::Location&) { return Result<Digest>(digest); });
///       const auto reports = run::plan_pins(real_fs(), {file}, resolve);
///       return reports.front().errors.empty() ? run::diff_of(reports.front()) : std::string();
///     }

/// A change of one reference.
struct PinChange {
  Where where;
  std::string role;  ///< the reference's place in the file, e.g. "Deployment web: containers[0].image"
  std::string before;
  std::string after;
  std::string policy = {};  ///< by which its tag was chosen: "semver ~1.27"; empty if it stays
};

/// A remark on a file: usually a reference that is left alone, and why.
struct PinNote {
  Where where;
  std::string role;          ///< the reference's place in the file; empty for the file itself
  std::string reason;        ///< the same words for the same cause
  std::size_t unpinned = 1;  ///< how many references without a digest it is about
  std::string written = {};  ///< the reference as written; empty for other remarks

  /// Returns the remark in one line: role, reference and reason.
  std::string message() const;
};

/// Notes that have one reason in common.
struct NoteGroup {
  std::string reason;
  std::vector<const PinNote*> notes;  ///< in the order of the reports
  std::size_t files = 0;              ///< the number of files that have such notes
};

/// The result of pinning one file.
struct PinReport {
  std::string file;
  std::string format;  ///< "kubernetes", "compose"...; empty if the file was not understood, then a note says why
  std::string before;
  std::string after;               ///< equals `before` when nothing changes
  std::vector<PinChange> changes;  ///< in the order of the text
  std::vector<PinNote> notes;
  std::vector<PinNote> unresolved = {};  ///< references without a digest that the resolver does not know
  std::vector<Error> errors;             ///< references that were not resolved, or why the file could not be read
  std::size_t references = 0;            ///< references that can be pinned, pinned already or not
  std::size_t pinned = 0;                ///< of these, with a digest in `after`
  bool understood() const { return !format.empty(); }
  bool changed() const { return after != before; }
  /// Returns the number of references left alone: the sum of PinNote::unpinned.
  std::size_t left_alone() const;
  /// Returns the number of references without a digest in `after`.
  std::size_t unpinned() const { return references - pinned + left_alone(); }
};

/// Places of images in a custom resource: the pods or values at a path of a kind's objects.
struct CustomPath {
  std::string kind;   ///< "Rollout"
  std::string group;  ///< of its API, "argoproj.io"; empty for any
  std::string path;   ///< members joined with dots, "[]" for each item: "spec.template.spec", "spec.steps[].image"
};
/// Parses "KIND[.GROUP]=PATH"; Errc::invalid_argument otherwise.
Result<CustomPath> parse_custom_path(std::string_view text);

/// Assigns a format to files whose name and content do not show it.
struct FormatRule {
  std::string format;
  std::string glob;  ///< matched against the whole path and against the last component
};
/// Parses "NAME=GLOB"; Errc::invalid_argument listing the formats if NAME is not one.
Result<FormatRule> parse_format_rule(std::string_view text);

/// A reference's tag, and the policy that chose it.
struct ChosenTag {
  std::string tag;
  std::string policy;
};

/// The place for a new digest in Helm values.
enum class HelmDigest {
  automatic,  ///< where the chart's templates read it; without a chart under an existing digest key, else in the tag
  digest,     ///< under a digest key, added if necessary
  tag         ///< behind the tag: "1.27@sha256:..."
};

/// Options of pinning; the defaults are those of the command.
struct PinOptions {
  std::vector<CustomPath> custom;
  std::vector<FormatRule> formats;
  HelmDigest helm = HelmDigest::automatic;
  /// Returns the text of all templates that read a file of Helm values, or nullopt if the file is not part of a chart.
  /// `subchart` names a dependency whose values are meant, or is empty. plan_pins() reads them beside the file if this
  /// is not set.
  std::function<std::optional<std::string>(const std::string& file, const std::string& subchart)> templates = {};
  /// Returns true for a name in a Dockerfile that a file of bake or compose gives to a stage of another target, a
  /// folder or an image. plan_pins() reads them in the folders above the file if this is not set.
  std::function<bool(const std::string& file, const std::string& name)> is_context = {};
  /// Returns the tag that a reference is updated to before it is resolved, or nullopt where it keeps its own. `beside`
  /// is the policy in a comment beside the reference. No tag changes if this is not set.
  std::function<Result<std::optional<ChosenTag>>(const oci::Location& written,
                                                 const std::optional<UpdatePolicy>& beside)>
      choose_tag = {};
};

/// Pins the references of one text. Nothing is read or written.
PinReport pin_text(std::string_view text, const std::string& file, const Resolver& resolve,
                   const PinOptions& options = {});

/// Reads and pins several files, each once; one report a file, in order. Nothing is written.
std::vector<PinReport> plan_pins(FileSystem& fs, const std::vector<std::string>& files, const Resolver& resolve,
                                 const PinOptions& options = {});

/// Returns the files that words of a command line mean: a folder means the files below it whose names pin knows
/// (folders with a dot are passed over, except .github, .gitlab, .circleci, .woodpecker and .devcontainer), a pattern
/// with *, ? or [ for what it matches. Byte-sorted in each. `exclude` and the lines of .slipwayignore files have the
/// patterns of .dockerignore, relative to the folder. Errc::not_found naming every word that means nothing.
Result<std::vector<std::string>> find_files(FileSystem& fs, const std::vector<std::string>& words,
                                            const std::vector<std::string>& exclude = {});

/// Files with the words and folders that could not be looked at.
struct FoundFiles {
  std::vector<std::string> files;
  std::vector<PinReport> faults;  ///< each with the word or folder as its file, and one error
};

/// The same, but a word that means nothing or a folder that cannot be read does not hide the others.
/// Errc::invalid_argument for a pattern of `exclude` that is not one.
Result<FoundFiles> look_for_files(FileSystem& fs, const std::vector<std::string>& words,
                                  const std::vector<std::string>& exclude = {});
/// Returns true for a name that files of some format have.
bool is_pinnable_name(std::string_view file);

/// Writes the changed files of a plan, each in one step, keeping its mode and following symlinks. Errc::conflict,
/// before anything is written, if a file changed after it was read.
Status write_pins(FileSystem& fs, const std::vector<PinReport>& reports);

/// Returns the notes of reports by reason, the most frequent first. They point into the reports.
std::vector<NoteGroup> group_notes(const std::vector<PinReport>& reports);

/// Returns the changes of a report as a unified diff that patch(1) takes; empty if there are none.
std::string diff_of(const PinReport& report);

/// Returns the findings of reports as a SARIF 2.1.0 document for code-scanning views: one result for each reference
/// that is not pinned, is left alone or cannot be resolved.
Json sarif_of(const std::vector<PinReport>& reports);

}  // namespace slipway::run
