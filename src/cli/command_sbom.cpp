#include "cli/attached.h"
#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/version.h"
#include "cli/watched_target.h"
#include "slipway/builder/sbom.h"
#include "slipway/io/filters.h"

namespace slipway::cli {
namespace {

struct SbomFlags {
  std::string reference;
  std::string format = "spdx";
  std::optional<std::string> platform;
  std::vector<std::string> includes;
  bool fresh = false;
};

/// Writes to standard output.
class OutputSink final : public io::Sink {
 public:
  explicit OutputSink(Context& context) : context_(context) {}
  Status write(io::Bytes bytes) override { return context_.print_raw(io::as_text(bytes)); }
  Status finish() override { return {}; }

 private:
  Context& context_;
};

/// Prints the newest document of that format that is attached to the image; false when none is.
Result<bool> print_attached(Context& context, const FoundImage& found, const image::Image& image,
                            std::string_view media_type) {
  SLIPWAY_ASSIGN(const auto artifacts, find_attached(context, found, media_type, false));
  for (const AttachedArtifact& artifact : artifacts) {
    SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(*artifact.target, artifact.manifest));
    const auto* manifest = std::get_if<oci::Manifest>(&document);
    const auto& subject = oci::subject_of(document);
    if (manifest == nullptr || !subject || subject->digest != image.descriptor.digest) continue;
    if (manifest->layers.size() != 1 || manifest->layers[0].media_type != media_type) continue;
    SLIPWAY_ASSIGN(const auto source, artifact.target->fetch(manifest->layers[0]));
    context.note(
        fmt::format("attached to the image as {}; --fresh reads the image itself", artifact.manifest.digest.str()));
    OutputSink out(context);
    SLIPWAY_TRY(io::copy(*source, out, context.stop()));
    return true;
  }
  return false;
}

Result<int> run_sbom(Context& context, const SbomFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, f.platform));
  const builder::SbomFormat& format = *builder::find_sbom_format(f.format);
  if (!f.fresh && f.includes.empty()) {
    SLIPWAY_ASSIGN(const bool attached, print_attached(context, found, image, format.media_type));
    if (attached) return 0;
  }
  const auto target = watched(context, found.target);
  SLIPWAY_ASSIGN(const image::FileList list, file_lists(context).list(*target, image, context.stop()));
  const std::string name = context.shown(found.location).str();
  const layer::SpillPlace spill = layer::spill_to_temporary(context.fs());
  SLIPWAY_ASSIGN(builder::Sbom sbom, builder::take_sbom(*target, image, list, name, context.stop(), spill));
  for (const std::string& path : f.includes) {
    SLIPWAY_ASSIGN(const auto documents, builder::read_sbom_documents(context.fs(), context.absolute(path)));
    SLIPWAY_TRY(builder::add_documents(sbom, documents));
  }
  OutputSink out(context);
  SLIPWAY_TRY(format.write(sbom, tool_name(), spill, out));
  SLIPWAY_TRY(context.print_raw("\n"));
  return 0;
}

}  // namespace

Command sbom_command() {
  return {.name = "sbom",
          .aliases = {},
          .summary = "list the packages and files of an image (SPDX, CycloneDX)",
          .description =
              "Prints the SBOM that is attached to the image; without one, or with --fresh, reads the image and writes "
              "an SBOM of its packages, programs and files. Attaches nothing.",
          .synopsis = "[--format spdx|cyclonedx] [--platform OS/ARCH] [--include PATH]... [--fresh] REF",
          .examples = {{"SPDX 2.3", "slipway sbom registry.example.com/team/app:v1 > app.spdx.json"},
                       {"CycloneDX 1.5", "slipway sbom --format cyclonedx oci:out:v1 > app.cdx.json"}},
          .see_also = {"referrers", "files", "build"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<SbomFlags>();
            options.choice("--format", flags->format, {"spdx", "cyclonedx"},
                           "write SPDX 2.3 or CycloneDX 1.5 as JSON (default: spdx)");
            options.value("--platform", "OS/ARCH", flags->platform,
                          "use this platform's image of an index (default: this machine's)");
            options.list(
                "--include", "PATH", flags->includes,
                "add the packages of this SBOM, or of those in this folder, such as vcpkg's or Conan's (repeatable)");
            options.flag("--fresh", flags->fresh, "read the image even if an SBOM is attached to it");
            options.positional("REF", flags->reference, kImageHelp);
            return [flags](Context& context) { return run_sbom(context, *flags); };
          }};
}

}  // namespace slipway::cli
