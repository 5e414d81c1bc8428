#include "cli/retire_builds.h"

#include <algorithm>

#include "cli/project.h"
#include "cli/text_layout.h"
#include "slipway/base/text.h"
#include "slipway/release/builds.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMaxInUse = 64u << 20;

/// Every `sha256:<64 hex>` of a text, whatever is around it: pods, pins and ledgers of others all have them.
std::set<Digest> digests_in(const std::string& text) {
  constexpr std::string_view kName = "sha256:";
  constexpr std::size_t kLength = 7 + 64;
  std::set<Digest> found;
  for (std::size_t at = text.find(kName); at != std::string::npos; at = text.find(kName, at + 1)) {
    auto digest = Digest::parse(text.substr(at, kLength));
    if (digest) found.insert(*std::move(digest));
  }
  return found;
}

Result<release::BuildsRequest> request_of(Context& context, const RetireBuildsFlags& f) {
  release::BuildsRequest request;
  SLIPWAY_ASSIGN(request.age, release::parse_duration(f.age.value_or("30d")));
  const std::string wait = f.wait.value_or("7d");
  if (wait != "0s") {
    SLIPWAY_ASSIGN(request.wait, release::parse_duration(wait));
  }
  constexpr int kDefaultKeep = 10;
  request.keep = static_cast<std::size_t>(f.keep > 0 ? f.keep : kDefaultKeep);
  if (f.in_use.has_value() == f.only_ledgers) {
    return fail(
        Error(Errc::invalid_argument, "retire --builds needs to know who else uses builds")
            .with_hint("run: slipway retire --builds --in-use FILE, with the digests of pods, pins and other ledgers "
                       "in it; or --only-ledgers if nothing else uses them"));
  }
  if (!f.in_use) return request;
  SLIPWAY_ASSIGN(const std::string text, read_file(context.fs(), context.absolute(*f.in_use), kMaxInUse));
  request.in_use = digests_in(text);
  if (request.in_use.empty())
    return fail(Error(Errc::invalid_argument, fmt::format("{} has no digest", printable(*f.in_use, 300)))
                    .with_hint("if nothing else uses the builds, run: slipway retire --builds --only-ledgers"));
  return request;
}

/// Every app of the file that keeps its builds there, because one repository may hold the builds of several.
std::vector<const release::Project*> projects_at(const std::vector<Loaded>& apps, const oci::Location& repository) {
  std::vector<const release::Project*> projects;
  for (const Loaded& loaded : apps) {
    const auto& place = loaded.project.image_repository;
    if (place && place->same_place(repository)) projects.push_back(&loaded.project);
  }
  return projects;
}

Json::Array digests(const std::vector<Digest>& all) {
  Json::Array list;
  for (const Digest& digest : all)
    list.emplace_back(digest.str());
  return list;
}

Status print_plan(Context& context, const oci::Location& repository, const release::BuildsPlan& plan) {
  if (context.json()) {
    Json::Array waiting;
    for (const auto& [build, until] : plan.waiting)
      waiting.push_back(Json().set("build", build.str()).set("until", format_time(until)));
    Json document;
    document.set("schema", "slipway/v1/retired-builds").set("repository", repository.str());
    document.set("marked", digests(plan.marked)).set("waiting", std::move(waiting));
    document.set("removed", digests(plan.removed));
    document.set("withoutRecord", static_cast<std::int64_t>(plan.without_record));
    return context.print_document(document);
  }
  std::string lines;
  for (const Digest& build : plan.marked)
    lines += fmt::format("{:<8} {}\n", "marked", repository.with_digest(build).str());
  for (const auto& [build, until] : plan.waiting)
    lines += fmt::format("{:<8} {} until {}\n", "waiting", repository.with_digest(build).str(), format_time(until));
  for (const Digest& build : plan.removed)
    lines += fmt::format("{:<8} {}\n", "removed", repository.with_digest(build).str());
  return context.print_raw(lines);
}

Status give_up(Context& context, const oci::Location& repository, const std::vector<Loaded>& apps,
               const release::BuildsRequest& request) {
  const ProjectServices services(context, apps.front());
  SLIPWAY_ASSIGN(const auto plan,
                 release::plan_builds(projects_at(apps, repository), repository, request, services.get()));
  const bool changes = !plan.marked.empty() || !plan.removed.empty();
  if (changes && !context.globals().dry_run) {
    SLIPWAY_ASSIGN(const auto target, context.opener().open_for_writing(repository, Side::destination));
    SLIPWAY_TRY(release::give_up_builds(plan, *target, services.get().clock->now()));
  }
  if (plan.without_record > 0)
    context.note(fmt::format("{} in {} without a record of when: they stay", counted(plan.without_record, "build"),
                             repository.str()));
  if (!changes && plan.waiting.empty()) context.note(repository.str() + " has no builds to give up");
  return print_plan(context, repository, plan);
}

}  // namespace

void record_pushes(Context& context, const builder::BuildRequest& request, const Digest& build) {
  for (const builder::Destination& destination : request.destinations) {
    if (request.dry_run || !destination.build_tag || !destination.location.is_registry()) continue;
    const auto target = context.opener().open_for_writing(destination.location, Side::destination);
    const Status recorded = target ? release::record_build(**target, build, context.surroundings().clock->now())
                                   : Status(fail(target.error()));
    if (!recorded) context.warn("cannot record when this build was pushed: " + recorded.error().message);
  }
}

Result<int> run_retire_builds(Context& context, const RetireBuildsFlags& f) {
  SLIPWAY_ASSIGN(const auto apps, require_projects(context));
  SLIPWAY_ASSIGN(const release::BuildsRequest request, request_of(context, f));
  std::vector<oci::Location> done;
  for (const Loaded& loaded : apps) {
    const auto& repository = loaded.project.image_repository;
    const auto same = [&](const oci::Location& other) { return other.same_place(*repository); };
    if (!repository || std::any_of(done.begin(), done.end(), same)) continue;
    SLIPWAY_TRY(give_up(context, *repository, apps, request));
    done.push_back(*repository);
  }
  if (!done.empty()) return 0;
  return fail(Error(Errc::invalid_argument, "retire --builds needs image.repository, which is not set")
                  .with_hint("write 'image: {repository: LOCATION}' into slipway.yaml"));
}

}  // namespace slipway::cli
