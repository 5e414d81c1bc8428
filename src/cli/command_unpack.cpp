#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/image_results.h"
#include "cli/streams.h"
#include "cli/text_layout.h"
#include "cli/watched_target.h"
#include "slipway/base/text.h"
#include "slipway/image/tree_tar.h"
#include "slipway/io/filters.h"
#include "slipway/run/unpack.h"

namespace slipway::cli {
namespace {

struct UnpackFlags {
  std::string reference, folder;
  std::optional<std::string> platform;
  bool own = false;
};

Status print_unpacked(Context& context, const ImageLine& line, const stdfs::path& folder, const run::Unpacked& done) {
  if (!context.json()) return print_images(context, {line});
  Json document;
  document.set("schema", "slipway/v1/unpack").set("location", line.location.str());
  document.set("digest", line.root.digest.str()).set("platform", line.platforms.front());
  document.set("folder", folder.native()).set("paths", static_cast<std::int64_t>(done.paths));
  document.set("bytes", static_cast<std::int64_t>(done.bytes));
  return context.print_document(document);
}

/// A stream, or a file that is there when every layer was proved.
Status write_tar_to(Context& context, const FoundImage& found, const image::Image& image, const std::string& to) {
  SLIPWAY_ASSIGN(const image::FileList list, file_lists(context).list(*found.target, image, context.stop()));
  if (to == "-") {
    StandardOutput out(context.surroundings());
    return image::write_tree(*found.target, image, list, out, context.stop());
  }
  const stdfs::path file = context.absolute(to);
  const stdfs::path waiting = file.parent_path() / fmt::format(".tmp-{}", image.descriptor.digest.short_hex());
  SLIPWAY_TRY(context.fs().remove(waiting));
  const auto fill = [&]() -> Status {
    SLIPWAY_ASSIGN(const auto opened, context.fs().create(waiting));
    io::FileSink sink(*opened);
    SLIPWAY_TRY(image::write_tree(*found.target, image, list, sink, context.stop()));
    SLIPWAY_TRY(sink.finish());
    return context.fs().rename(waiting, file);
  };
  Status written = fill();
  if (!written) (void)context.fs().remove(waiting).has_value();
  return written;
}

/// The result line goes to standard error where the tar is standard output.
Result<int> unpack_as_tar(Context& context, const FoundImage& found, const image::Image& image, const UnpackFlags& f) {
  if (f.own) {
    return fail(
        Error(Errc::invalid_argument, "--own is for folders: a tar keeps the owners of the image")
            .with_hint("leave out --own, or let tar change owners: slipway unpack REF - | tar x --no-same-owner"));
  }
  if (!context.globals().dry_run) SLIPWAY_TRY(write_tar_to(context, found, image, f.folder));
  const oci::Location shown = context.shown(found.location).with_digest(image.descriptor.digest);
  if (f.folder == "-") {
    context.note(shown.str());
  } else {
    SLIPWAY_TRY(
        print_images(context, {{context.shown(found.location), image.descriptor, {image.config.platform.str()}}}));
  }
  return 0;
}

bool is_tar(const std::string& word) { return word == "-" || word.ends_with(".tar"); }

Result<int> run_unpack(Context& context, const UnpackFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, f.platform));
  if (is_tar(f.folder)) return unpack_as_tar(context, found, image, f);
  const stdfs::path folder = context.absolute(f.folder);
  const ImageLine line{context.shown(found.location), image.descriptor, {image.config.platform.str()}};
  run::Unpacked done;
  if (!context.globals().dry_run) {
    const auto target = watched(context, found.target);
    SLIPWAY_ASSIGN(const image::FileList list, file_lists(context).list(*target, image, context.stop()));
    const run::UnpackOptions options{.lanes = context.threads(), .keep_owners = !f.own};
    SLIPWAY_ASSIGN(done, run::unpack_image(context.fs(), *target, image, list, folder, options, context.stop()));
  }
  for (const std::string& note : done.notes)
    context.warn(note);
  if (!context.globals().dry_run)
    context.note(fmt::format("{}, {}, in {}", counted(done.paths, "file"), human_bytes(done.bytes), f.folder));
  SLIPWAY_TRY(print_unpacked(context, line, folder, done));
  return 0;
}

}  // namespace

Command unpack_command() {
  return {.name = "unpack",
          .aliases = {},
          .summary = "write an image's files to a folder or a tar",
          .description =
              "Writes the merged files of an image to DIR without root. Every byte is verified, and nothing is written "
              "outside DIR. With - or a name that ends in .tar, they are written as one tar, the same bytes every "
              "time.",
          .synopsis = "[--own] [--platform OS/ARCH] REF DIR|FILE.tar|-",
          .examples = {{"look into an image", "slipway unpack registry.example.com/team/hello:v1 hello"},
                       {"the release that runs in production", "slipway unpack production rootfs"},
                       {"as a tar, like crane export and docker export", "slipway unpack debian:12 - | tar t"}},
          .statuses = {{12, "a layer does not match its digest"}},
          .see_also = {"files", "cat", "load"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<UnpackFlags>();
            options.flag("--own", flags->own, "make every file yours; without it root keeps the image's owners");
            options.value("--platform", "OS/ARCH", flags->platform,
                          "use this platform's image of an index (default: this machine's)");
            options.positional("REF", flags->reference, kImageHelp);
            options.positional("DIR", flags->folder,
                               "a new or empty folder, which becomes the image's root; FILE.tar or - for a tar");
            return [flags](Context& context) { return run_unpack(context, *flags); };
          }};
}

}  // namespace slipway::cli
