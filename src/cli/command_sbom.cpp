#include "cli/command.h"
#include "cli/found_image.h"
#include "slipway/build/sbom.h"

namespace slipway::cli {
namespace {

struct SbomFlags {
  std::string reference;
  std::string format = "spdx";
  std::optional<std::string> platform;
};

Result<int> run_sbom(Context& context, const SbomFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, f.platform));
  SLIPWAY_ASSIGN(const image::FileList list, file_lists(context).list(*found.target, image, context.stop()));
  const std::string name = context.shown(found.location).str();
  SLIPWAY_ASSIGN(const build::Sbom sbom, build::take_sbom(*found.target, image, list, name, context.stop()));
  const std::string tool = std::string("slipway-") + SLIPWAY_VERSION;
  const Json document = f.format == "spdx" ? build::spdx_document(sbom, tool) : build::cyclonedx_document(sbom, tool);
  SLIPWAY_TRY(context.print_raw(document.pretty() + "\n"));
  return 0;
}

}  // namespace

Command sbom_command() {
  return {.name = "sbom",
          .aliases = {},
          .group = "Images",
          .summary = "say what an image is made of: files, build-ids, Debian packages",
          .synopsis = "[--format spdx|cyclonedx] [--platform OS/ARCH] REF",
          .examples = {{"SPDX 2.3", "slipway sbom registry.example.com/team/app:v1 > app.spdx.json"},
                       {"CycloneDX 1.5", "slipway sbom --format cyclonedx oci:out:v1 > app.cdx.json"}},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<SbomFlags>();
            options.choice("--format", flags->format, {"spdx", "cyclonedx"}, "SPDX 2.3 or CycloneDX 1.5, both as JSON");
            options.value("--platform", "OS/ARCH", flags->platform,
                          "of an index, this platform's image (default: this machine's)");
            options.positional("REF", flags->reference, kImageHelp);
            return [flags](Context& context) { return run_sbom(context, *flags); };
          }};
}

}  // namespace slipway::cli
