#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/next_step.h"
#include "cli/project.h"
#include "slipway/base/text.h"
#include "slipway/builder/last_build.h"
#include "slipway/builder/why.h"

namespace slipway::cli {
namespace {

struct WhyFlags {
  std::vector<std::string> words;
  std::optional<std::string> platform;
};

/// Without a name of an image: what was built here last.
Result<std::string> last_built(Context& context) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  auto last = builder::read_last_build(context.fs(), loaded.folder / ".slipway", loaded.project.app);
  if (!last || last->locations.empty()) {
    return fail(Error(Errc::invalid_argument, "no build of this project is recorded")
                    .with_hint("build it first: slipway build; or name an image: slipway why REF PATH"));
  }
  return last->locations.front().str();
}

std::string text_of(const builder::NeedStep& step) {
  const std::string_view verb = step.dlopens ? "loads, when it runs," : step.loader ? "is started by" : "needs";
  return fmt::format("{} {} {}", printable(step.path, 4096), verb, printable(step.name, 4096));
}

std::string report(const builder::FileOrigin& origin, const image::Image& image) {
  const layer::FileEntry& entry = origin.file.entry;
  const auto& layers = image.manifest.layers;
  std::string text = fmt::format("/{}\n", printable(entry.path, 4096));
  // Folders that no layer has are made by whoever unpacks.
  if (origin.file.layer < layers.size()) {
    text += fmt::format("  in layer {} of {}: {}\n", origin.file.layer + 1, layers.size(),
                        layers[origin.file.layer].digest.str());
  }
  for (const std::string& words : origin.created_by)
    text += fmt::format("  made by: {}\n", printable(words, 300));
  for (const std::string& name : origin.names)
    text += fmt::format("  also {}\n", printable(name, 4096));
  if (origin.started) text += "  the image starts it\n";
  for (const builder::NeedStep& step : origin.chain)
    text += fmt::format("  {}\n", text_of(step));
  const bool asked_for = origin.started || !origin.chain.empty();
  if (!asked_for && !origin.file.member.empty()) text += "  no program of the image asks for it by name\n";
  return text;
}

Json document_of(const builder::FileOrigin& origin, const image::Image& image, const std::string& location) {
  Json::Array names(origin.names.begin(), origin.names.end());
  Json::Array words(origin.created_by.begin(), origin.created_by.end());
  Json::Array chain;
  for (const builder::NeedStep& step : origin.chain) {
    Json item;
    item.set("path", printable(step.path, 4096)).set("name", printable(step.name, 4096));
    item.set("how", step.dlopens ? "dlopen" : step.loader ? "loader" : "needed");
    chain.push_back(std::move(item));
  }
  Json json;
  json.set("schema", "slipway/v1/why").set("location", location).set("digest", image.descriptor.digest.str());
  json.set("platform", image.config.platform.str()).set("path", "/" + printable(origin.file.entry.path, 4096));
  if (origin.file.layer < image.manifest.layers.size())
    json.set("layer", image.manifest.layers[origin.file.layer].digest.str());
  json.set("createdBy", std::move(words)).set("names", std::move(names)).set("started", origin.started);
  json.set("chain", std::move(chain));
  return json;
}

Result<int> run_why(Context& context, const WhyFlags& f) {
  if (f.words.size() > 2) {
    return fail(Error(Errc::invalid_argument, "why takes an image and a path, or a path alone")
                    .with_hint(fmt::format("run: slipway why {} {}", shell_word(f.words[0]), shell_word(f.words[1]))));
  }
  std::string reference = f.words.front();
  if (f.words.size() == 1) {
    SLIPWAY_ASSIGN(reference, last_built(context));
  }
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, reference));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, f.platform));
  SLIPWAY_ASSIGN(const image::FileList list, file_lists(context).list(*found.target, image, context.stop()));
  auto origin = builder::explain_file(*found.target, image, list, f.words.back(), context.stop());
  const std::string shown = context.shown(found.location).str();
  if (!origin) return fail(std::move(origin).error().in(fmt::format("looking into {}", shown)));
  if (context.json()) {
    SLIPWAY_TRY(context.print_document(document_of(*origin, image, shown)));
  } else {
    SLIPWAY_TRY(context.print_text(report(*origin, image)));
  }
  return 0;
}

}  // namespace

Command why_command() {
  return {
      .name = "why",
      .aliases = {},
      .summary = "explain why a file is in an image",
      .description =
          "Names the layer that holds the file and the chain of programs and libraries that need it. Runs no program.",
      .synopsis = "[--platform OS/ARCH] [REF] PATH",
      .examples = {{"a library", "slipway why registry.example.com/team/app:v1 /usr/lib/x86_64-linux-gnu/libz.so.1"},
                   {"of this project's last build", "slipway why /usr/lib/x86_64-linux-gnu/libz.so.1"}},
      .statuses = {{13, "the image has no such path"}},
      .see_also = {"files", "closure", "build"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<WhyFlags>();
        options.value("--platform", "OS/ARCH", flags->platform,
                      "use this platform's image of an index (default: this machine's)");
        options.positionals("[REF] PATH", flags->words, "an image (default: the last build here) and a path in it");
        return [flags](Context& context) { return run_why(context, *flags); };
      }};
}

}  // namespace slipway::cli
