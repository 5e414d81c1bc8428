#include "cli/command.h"
#include "cli/opener.h"
#include "cli/project.h"
#include "slipway/base/text.h"
#include "slipway/builder/build_cache.h"
#include "slipway/builder/local_images.h"

namespace slipway::cli {
namespace {

struct CacheFlags {
  std::string action;
  std::optional<std::string> limit;
};

Json to_json(const builder::CacheShare& share) {
  Json json;
  json.set("files", static_cast<std::int64_t>(share.files)).set("bytes", static_cast<std::int64_t>(share.bytes));
  return json;
}

/// The .slipway of the project here, or of this folder.
stdfs::path state_folder(Context& context) {
  const auto loaded = load_project(context);
  return (loaded && *loaded ? (*loaded)->folder : context.surroundings().directory) / ".slipway";
}

Result<int> print_stats(Context& context, const stdfs::path& folder) {
  SLIPWAY_ASSIGN(auto shares, builder::cache_stats(context.fs(), folder));
  SLIPWAY_ASSIGN(auto images, builder::count_local_images(context.fs(), state_folder(context)));
  if (images.files > 0) shares.push_back(std::move(images));
  if (context.json()) {
    Json kinds{Json::Object{}};
    for (const builder::CacheShare& share : shares)
      kinds.set(share.name, to_json(share));
    Json document;
    document.set("schema", "slipway/v1/cache").set("folder", folder.native()).set("kinds", std::move(kinds));
    SLIPWAY_TRY(context.print_document(document));
    return 0;
  }
  SLIPWAY_TRY(context.print(folder.native()));
  for (const builder::CacheShare& share : shares) {
    SLIPWAY_TRY(
        context.print(fmt::format("{:<10} {:>8} files {:>12}", share.name, share.files, human_bytes(share.bytes))));
  }
  return 0;
}

Result<int> prune(Context& context, const stdfs::path& folder, const std::string& limit_text) {
  SLIPWAY_ASSIGN(const std::uint64_t limit, parse_bytes(limit_text));
  if (context.globals().dry_run) return print_stats(context, folder);
  SLIPWAY_ASSIGN(builder::CacheShare removed, builder::prune_cache(context.fs(), folder, limit));
  const std::int64_t now = context.surroundings().clock->now();
  SLIPWAY_ASSIGN(const auto images, builder::prune_local_images(context.fs(), state_folder(context), limit, now));
  removed.files += images.files;
  removed.bytes += images.bytes;
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/cache-prune").set("folder", folder.native()).set("removed", to_json(removed));
    SLIPWAY_TRY(context.print_document(document));
    return 0;
  }
  SLIPWAY_TRY(context.print(fmt::format("removed {} files, {}", removed.files, human_bytes(removed.bytes))));
  return 0;
}

Result<int> run_cache(Context& context, const CacheFlags& flags) {
  const stdfs::path folder = cache_folder(context.surroundings().env);
  if (folder.empty()) {
    return fail(Error(Errc::invalid_argument, "cannot find the cache folder: neither XDG_CACHE_HOME nor HOME is set")
                    .with_hint("set XDG_CACHE_HOME to a folder of yours"));
  }
  if (flags.action == "stats") return print_stats(context, folder);
  if (flags.action == "prune") return prune(context, folder, flags.limit.value_or("0"));
  return fail(Error(Errc::invalid_argument, fmt::format("unknown action \"{}\": slipway cache takes stats or prune",
                                                        printable(flags.action, 40)))
                  .with_hint("run: slipway cache stats, or slipway cache prune --limit SIZE"));
}

}  // namespace

Command cache_command() {
  return {
      .name = "cache",
      .aliases = {},
      .summary = "show or prune the build cache",
      .description =
          "Prints the size of the build cache and of the project's .slipway/images, or deletes the "
          "files that were not used for the longest time. Images with a name, the layers of the last build and those "
          "of open plans stay. A build without its cache is slower and has the same digest.",
      .synopsis = "stats|prune",
      .examples = {{"files and bytes, by kind", "slipway cache stats"},
                   {"keep at most 2 GiB, the files used last", "slipway cache prune --limit 2GiB"}},
      .see_also = {"build"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<CacheFlags>();
        options.positional("ACTION", flags->action, "stats or prune");
        options.value("--limit", "SIZE", flags->limit, "prune: keep at most SIZE (default: 0)");
        return [flags](Context& context) { return run_cache(context, *flags); };
      }};
}

}  // namespace slipway::cli
