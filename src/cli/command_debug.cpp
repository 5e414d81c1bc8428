#include <map>

#include "cli/attached.h"
#include "cli/command.h"
#include "cli/next_step.h"
#include "slipway/base/text.h"
#include "slipway/builder/debug.h"
#include "slipway/elf/debug.h"
#include "slipway/io/filters.h"

namespace slipway::cli {
namespace {

struct DebugFlags {
  std::string action, reference, what;
  std::optional<std::string> to;
};

/// A file of debug information and where it is.
struct Available {
  std::shared_ptr<store::ReadTarget> target;
  oci::Descriptor blob;
};

/// Returns the debug files attached to an image, by build-id.
Result<std::map<std::string, Available>> available(Context& context, const FoundImage& found) {
  SLIPWAY_ASSIGN(const auto artifacts, find_attached(context, found, builder::kDebugArtifactType, true));
  std::map<std::string, Available> files;
  for (const AttachedArtifact& artifact : artifacts) {
    SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(*artifact.target, artifact.manifest));
    const auto* manifest = std::get_if<oci::Manifest>(&document);
    if (manifest == nullptr) continue;
    for (const oci::Descriptor& blob : manifest->layers) {
      const auto id = blob.annotations.find(std::string(builder::kBuildIdAnnotation));
      if (id != blob.annotations.end() && builder::is_build_id(id->second))
        files.emplace(id->second, Available{artifact.target, blob});
    }
  }
  return files;
}

/// The build-ids that are wanted: the one named, or all of a core dump.
Result<std::vector<elf::CoreModule>> wanted(Context& context, const std::string& what) {
  if (builder::is_build_id(what)) return std::vector<elf::CoreModule>{{what, {}}};
  auto file = context.fs().open(context.absolute(what));
  if (!file && file.error().code == Errc::not_found) {
    return fail(
        Error(Errc::invalid_argument, fmt::format("\"{}\" is neither a build-id nor a file", printable(what, 4096)))
            .with_hint("print the build-id of a program with: file PROGRAM"));
  }
  if (!file) return fail(std::move(file).error());
  return elf::read_core(**file, what);
}

/// Writes one file in one step; what is there already with the same bytes stays.
Status fetch_file(Context& context, const Available& from, const stdfs::path& path) {
  FileSystem& fs = context.fs();
  if (auto there = fs.open(path)) {
    io::NullSink nowhere;
    io::HashingSink hash(nowhere);
    io::FileSource source(*std::move(there));
    if (io::copy(source, hash, context.stop()) && hash.digest() == from.blob.digest) return {};
  }
  SLIPWAY_TRY(fs.make_directories(path.parent_path()));
  const stdfs::path temporary = temporary_name(path.parent_path());
  const auto write = [&]() -> Status {
    SLIPWAY_ASSIGN(const auto file, fs.create(temporary));
    io::FileSink sink(*file);
    SLIPWAY_ASSIGN(const auto source, from.target->fetch(from.blob));
    SLIPWAY_TRY(io::copy(*source, sink, context.stop()));
    SLIPWAY_TRY(sink.finish());
    SLIPWAY_TRY(fs.rename(temporary, path));
    return fs.sync_directory(path.parent_path());
  };
  Status written = write();
  if (!written) {
    const Status no_rest = fs.remove(temporary);
  }
  return written;
}

Result<int> run_debug(Context& context, const DebugFlags& f) {
  if (f.action != "fetch") {
    return fail(
        Error(Errc::invalid_argument,
              fmt::format("unknown action \"{}\": slipway debug takes fetch", printable(f.action, 40)))
            .with_hint(fmt::format("run: slipway debug fetch {} {}", shell_word(f.reference), shell_word(f.what))));
  }
  SLIPWAY_ASSIGN(const auto modules, wanted(context, f.what));
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const auto files, available(context, found));
  const stdfs::path folder = context.absolute(f.to.value_or("."));
  std::size_t fetched = 0;
  for (const elf::CoreModule& module : modules) {
    const auto at = files.find(module.build_id);
    if (at == files.end()) {
      context.note(fmt::format("{} has no debug information of {}", context.shown(found.location).str(),
                               module.path.empty()
                                   ? module.build_id
                                   : fmt::format("{} ({})", printable(module.path, 4096), module.build_id)));
      continue;
    }
    const stdfs::path path = folder / builder::debug_path(module.build_id);
    SLIPWAY_TRY(fetch_file(context, at->second, path));
    SLIPWAY_TRY(context.print(path.native()));
    ++fetched;
  }
  if (fetched > 0) return 0;
  return fail(Error(Errc::not_found, fmt::format("nothing of {} is attached to {}", printable(f.what, 4096),
                                                 context.shown(found.location).str()))
                  .with_hint(files.empty()
                                 ? "keep it while building: slipway build --split-debug"
                                 : fmt::format("the image has it of {} other programs; name one of them: file PROGRAM "
                                               "prints its build ID",
                                               files.size())));
}

}  // namespace

Command debug_command() {
  return {
      .name = "debug",
      .aliases = {},
      .summary = "fetch the debug information kept beside an image",
      .description =
          "Downloads the debug files that a build with \"debug: split\" attached to the image, by build-id, into "
          "the folder layout that gdb and elfutils search. Files that are there already stay.",
      .synopsis = "fetch [--to DIR] REF BUILD-ID|CORE",
      .examples = {{"everything that a core dump needs, for gdb", "slipway debug fetch --to dbg production core.1234"},
                   {"of one program", "slipway debug fetch oci:out:v1 4fcb712aa6387724a9f465a32cd8c14b5a3e1d2c"}},
      .statuses = {{13, "the image has no debug information of that build-id"}},
      .see_also = {"referrers", "build"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<DebugFlags>();
        options.value("--to", "DIR", flags->to,
                      "write .build-id/ab/cdef.debug below DIR (default: the current folder)");
        options.positional("ACTION", flags->action, "fetch");
        options.positional("REF", flags->reference, kImageHelp);
        options.positional("BUILD-ID|CORE", flags->what, "a build-id in hex, or a core dump of a container");
        return [flags](Context& context) { return run_debug(context, *flags); };
      }};
}

}  // namespace slipway::cli
