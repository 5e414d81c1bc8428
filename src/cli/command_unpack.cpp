#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/image_results.h"
#include "cli/text_layout.h"
#include "cli/watched_target.h"
#include "slipway/base/text.h"
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

Result<int> run_unpack(Context& context, const UnpackFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, f.platform));
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
          .summary = "write an image's files to a folder",
          .description =
              "Writes the merged files of an image to DIR without root. Every byte is verified, and nothing is written "
              "outside DIR.",
          .synopsis = "[--own] [--platform OS/ARCH] REF DIR",
          .examples = {{"look into an image", "slipway unpack registry.example.com/team/hello:v1 hello"},
                       {"what runs in production", "slipway unpack production rootfs"}},
          .statuses = {{12, "a layer is not what its digest says"}},
          .see_also = {"files", "cat", "load"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<UnpackFlags>();
            options.flag("--own", flags->own, "every file belongs to you; as root, owners are kept otherwise");
            options.value("--platform", "OS/ARCH", flags->platform,
                          "use this platform's image of an index (default: this machine's)");
            options.positional("REF", flags->reference, kImageHelp);
            options.positional("DIR", flags->folder, "a new or empty folder, which becomes the image's root");
            return [flags](Context& context) { return run_unpack(context, *flags); };
          }};
}

}  // namespace slipway::cli
