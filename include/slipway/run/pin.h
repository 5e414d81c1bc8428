#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slipway/base/fs.h"
#include "slipway/run/reference_resolver.h"

namespace slipway::run {

/// One reference that a file will have instead of another.
struct PinChange {
  Where where;
  std::string role;  ///< what the reference is in the file, e.g. "Deployment web: containers[0].image"
  std::string before;
  std::string after;
};

/// Something a person should know about a file: a reference left alone, and why.
struct PinNote {
  Where where;
  std::string message;
};

/// What pinning makes of one file.
struct PinReport {
  std::string file;
  std::string format;  ///< "kubernetes", "compose"...; empty when the file was not understood, then a note says why
  std::string before;
  std::string after;               ///< equals `before` when nothing changes
  std::vector<PinChange> changes;  ///< in the order of the text
  std::vector<PinNote> notes;
  std::size_t references = 0;  ///< image references found, pinned already or not
  bool understood() const { return !format.empty(); }
  bool changed() const { return after != before; }
};

/// Where a custom resource has images: the pods or values at a path of a kind's objects.
struct CustomPath {
  std::string kind;   ///< "Rollout"
  std::string group;  ///< of its API, "argoproj.io"; empty for any
  std::string path;   ///< members joined with dots, "[]" for each item: "spec.template.spec", "spec.steps[].image"
};
/// "KIND[.GROUP]=PATH" as a flag has it; Errc::invalid_argument otherwise.
Result<CustomPath> parse_custom_path(std::string_view text);

struct PinOptions {
  std::vector<CustomPath> custom;
};

/// Pins the image references of one text: each becomes name:tag@digest as the
/// resolver says, and no other byte changes. Pinning a second time changes
/// nothing. Templates and what cannot be edited safely are left alone with a
/// note; a file of no known format is not understood, which is no error.
/// Errors are the resolver's and those of broken files, all at once, each with its place.
Result<PinReport> pin_text(std::string_view text, const std::string& file, const Resolver& resolve,
                           const PinOptions& options = {});

/// Reads and pins several files. Nothing is written; errors of all files come back as one.
Result<std::vector<PinReport>> plan_pins(FileSystem& fs, const std::vector<std::string>& files, const Resolver& resolve,
                                         const PinOptions& options = {});

/// The files that words of a command line mean: a folder stands for the files below it whose names pin knows (folders
/// with a dot are passed over, but for .github), a pattern with *, ? or [ for what it fits. Byte-sorted in each.
/// Errc::not_found naming every word that means nothing.
Result<std::vector<std::string>> find_files(FileSystem& fs, const std::vector<std::string>& words);
/// True for a name that files of some format have.
bool is_pinnable_name(std::string_view file);

/// Writes the changed files of a plan, each in one step, keeping its mode and following
/// symlinks. Errc::conflict, before anything is written, if a file is no longer what was read.
Status write_pins(FileSystem& fs, const std::vector<PinReport>& reports);

/// The changes of a report as a unified diff that patch(1) takes; empty when there are none.
std::string diff_of(const PinReport& report);

}  // namespace slipway::run
