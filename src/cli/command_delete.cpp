#include <algorithm>

#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/image_results.h"
#include "cli/next_step.h"
#include "cli/project.h"
#include "slipway/image/removal.h"
#include "slipway/release/live.h"

namespace slipway::cli {
namespace {

struct DeleteFlags {
  std::vector<std::string> references;
  bool force = false;
};

/// A tag or manifest to delete, looked up before anything is deleted.
struct Doomed {
  oci::Location location;
  std::shared_ptr<store::Target> target;
  oci::Descriptor root;
};

Result<Doomed> find(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(oci::Location location, context.location(text));
  if (!location.tag() && !location.digest()) {
    return fail(Error(Errc::invalid_argument, text + " names neither a tag nor a digest")
                    .with_hint(fmt::format("run: slipway delete {}:TAG; its tags: slipway ls {}", shell_word(text),
                                           shell_word(text))));
  }
  SLIPWAY_ASSIGN(auto target, context.opener().open_for_writing(location, Side::destination));
  const auto named = location.tag() ? store::TagOrDigest(*location.tag()) : store::TagOrDigest(*location.digest());
  SLIPWAY_ASSIGN(oci::Descriptor root, target->resolve(named));
  if (location.digest() && root.digest != *location.digest()) {
    return fail(
        error(Errc::conflict, "the tag {} points to {} now: nothing was deleted", *location.tag(), root.digest.str())
            .with_hint("look at it with: slipway inspect " +
                       location.without_reference().with_tag(*location.tag()).str()));
  }
  return Doomed{std::move(location), std::move(target), std::move(root)};
}

Status refuse_what_is_live(Context& context, const Doomed& doomed) {
  SLIPWAY_ASSIGN(const std::vector<Loaded> apps, load_projects(context));
  release::ReleaseServices services;
  services.opener = &context.opener();
  services.fs = &context.fs();
  services.stop = context.stop();
  std::vector<std::string> uses;
  for (std::size_t i = 0; i < std::max<std::size_t>(apps.size(), 1); ++i) {
    const release::Project* const project = i < apps.size() ? &apps[i].project : nullptr;
    SLIPWAY_ASSIGN(const auto found, release::uses_of(doomed.location, doomed.root, project, services));
    for (const std::string& use : found) {
      if (std::find(uses.begin(), uses.end(), use) == uses.end()) uses.push_back(use);
    }
  }
  if (uses.empty()) return {};
  return fail(Error(Errc::policy_denied,
                    fmt::format("{} is not deleted: {}", context.shown(doomed.location).str(), fmt::join(uses, "; ")))
                  .with_hint("release another build there first: slipway release ENV OTHER"));
}

Status remove(Context& context, const Doomed& doomed) {
  if (!doomed.location.tag()) {
    if (!context.globals().dry_run) SLIPWAY_TRY(image::remove_manifest(*doomed.target, doomed.root));
  } else if (!context.globals().dry_run) {
    SLIPWAY_ASSIGN(const bool manifest, image::remove_tag(*doomed.target, *doomed.location.tag(), doomed.root));
    if (manifest) {
      context.note(doomed.target->name() +
                   " cannot delete a tag alone; no other tag had the manifest, so it was deleted too");
    }
  }
  return {};
}

Result<int> run_delete(Context& context, const DeleteFlags& f) {
  std::vector<Doomed> all;
  for (const std::string& text : f.references) {
    SLIPWAY_ASSIGN(Doomed doomed, find(context, text));
    if (!f.force) SLIPWAY_TRY(refuse_what_is_live(context, doomed));
    all.push_back(std::move(doomed));
  }
  std::vector<ImageLine> lines;
  Status done;
  for (const Doomed& doomed : all) {
    done = remove(context, doomed);
    if (!done) {
      done = fail(std::move(done).error().in("deleting " + context.shown(doomed.location).str()));
      break;
    }
    lines.push_back({context.shown(doomed.location), doomed.root, {}});
  }
  // Of several, those that were deleted are told before the one that was not.
  if (done || !lines.empty()) SLIPWAY_TRY(print_images(context, lines));
  SLIPWAY_TRY(done);
  return 0;
}

}  // namespace

Command delete_command() {
  return {.name = "delete",
          .aliases = {"rm"},
          .summary = "delete tags and manifests that no release uses",
          .description =
              "Deletes each tag, or each manifest named by digest alone. An image that a release needs is never "
              "deleted without --force. Several images are checked before the first one is deleted.",
          .synopsis = "[--force] REF...",
          .examples = {{"one tag", "slipway delete registry.example.com/team/app:pr-17"},
                       {"only while it points there", "slipway delete registry.example.com/team/app:pr-17@sha256:..."}},
          .statuses = {{11, "a release needs the image"}, {16, "the tag points to another digest than the one given"}},
          .see_also = {"ls", "retire"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<DeleteFlags>();
            options.positionals("REF", flags->references, "an image by its tag, or by its digest alone");
            options.flag("--force", flags->force, "delete without asking ledgers whether a release needs the image");
            options.command_line_only();
            return [flags](Context& context) { return run_delete(context, *flags); };
          }};
}

}  // namespace slipway::cli
