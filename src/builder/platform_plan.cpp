#include "builder/platform_plan.h"

#include <algorithm>

#include "builder/base_root.h"
#include "builder/closure_planner.h"
#include "builder/image_assembly.h"
#include "slipway/builder/work_observer.h"

namespace slipway::builder {
namespace {

Result<LayerContents> contents_of(const PlannedLayer& layer) {
  LayerContents contents{{}, layer.name};
  SLIPWAY_ASSIGN(const auto reader, layer.tree.read());
  for (layer::FileEntry entry;;) {
    SLIPWAY_ASSIGN(const bool more, reader->next(entry));
    if (!more) return contents;
    if (entry.type != layer::EntryType::regular) continue;
    ++contents.files;
    contents.bytes += entry.size;
  }
}

/// Tells an observer that asks for it while a platform is planned. It reads through `plan.disk` then.
class PlanningNotice {
 public:
  PlanningNotice(const BuildServices& services, PlatformPlan& plan)
      : observer_(dynamic_cast<WorkObserver*>(services.observer)), platform_(plan.platform.str()) {
    if (observer_ == nullptr) return;
    plan.disk = std::make_unique<PlanningFiles>(services.fs, *observer_, platform_);
    disk_ = plan.disk.get();
    observer_->planning_started(platform_);
  }
  PlanningNotice(const PlanningNotice&) = delete;
  PlanningNotice& operator=(const PlanningNotice&) = delete;
  ~PlanningNotice() {
    if (observer_ == nullptr) return;
    disk_->finish();
    observer_->planning_finished(platform_);
  }

 private:
  WorkObserver* observer_;
  PlanningFiles* disk_ = nullptr;  // of the plan, which stays where it is on the heap
  const std::string platform_;
};

/// Plans one platform; mistakes go to `diagnostics`, and the plan is then meaningless.
Result<PlatformPlan> plan_platform(const Recipe& recipe, oci::Platform platform, const BuildRequest& request,
                                   const Inputs& inputs, const BuildServices& services, Diagnostics& diagnostics) {
  PlatformPlan plan{std::move(platform)};
  const PlanningNotice notice(services, plan);
  FileSystem& disk = plan.disk ? *plan.disk : services.fs;
  std::optional<DebugSplitter> debug;
  if (recipe.split_debug) {
    debug.emplace(disk, request.state_folder / "debug", services.stop);
    debug->look_for_folder(absolute_path(recipe.folder).native(), recipe.strict);
  }
  std::optional<BaseRoot> root;
  if (inputs.base) {
    SLIPWAY_ASSIGN(plan.base, load_base(*inputs.base, recipe, plan.platform, diagnostics));
    if (!recipe.layers.empty()) {
      SLIPWAY_ASSIGN(auto files, list_base(*inputs.base, *plan.base, services.file_lists, services.stop));
      plan.base_files = std::make_unique<image::FileList>(std::move(files));
      root.emplace(*inputs.base, *plan.base, *plan.base_files, symbols_read_for(recipe), services.stop);
    }
  }
  plan.files = std::make_unique<LayerStack>(plan.base_files.get());
  const oci::ImageConfig config =
      compose_config({recipe, plan.base ? &*plan.base : nullptr, plan.platform, {}, {}, {}});
  const PlanContext context{plan.files.get(),
                            config.env,
                            config.working_dir.empty() ? "/" : config.working_dir,
                            root ? &*root : nullptr,
                            debug ? &*debug : nullptr,
                            services.stop,
                            services.cache};
  SLIPWAY_ASSIGN(plan.layers, plan_layers(recipe, plan.platform, request.epoch, disk, diagnostics, context));
  if (debug) plan.debug = debug->files();
  if (debug && !debug->met_debug_info()) {
    diagnostics.warning({},
                        "'debug: split' found no debug information: no program or library of the layers has any "
                        "(compile with -g, or leave 'debug' out)");
  }
  if (!request.explain || diagnostics.has_errors()) return plan;
  for (const PlannedLayer& layer : plan.layers) {
    SLIPWAY_ASSIGN(plan.contents.emplace_back(), contents_of(layer));
  }
  return plan;
}

/// The platform to plan for until the files are known, and whether it will do where no file tells one.
struct Guess {
  oci::Platform platform;
  bool good = false;
};

Result<Guess> first_guess(const Inputs& inputs) {
  Guess host{oci::host_platform()};
  if (!inputs.base) return host;
  SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*inputs.base->target, inputs.base->root));
  if (offers.size() == 1) return Guess{offers.front().platform, true};
  const bool offered =
      std::any_of(offers.begin(), offers.end(), [&host](const auto& offer) { return offer.platform == host.platform; });
  return offered || offers.empty() ? host : Guess{offers.front().platform};
}

/// True when the same files are planned otherwise for another platform.
bool plan_depends_on_platform(const Recipe& recipe) {
  return recipe.base || std::any_of(recipe.layers.begin(), recipe.layers.end(), [](const LayerRule& rule) {
           return !rule.closure.empty() || !rule.runtime.empty();
         });
}

Result<PlatformPlan> plan_unnamed_platform(const Recipe& recipe, const BuildRequest& request, const Inputs& inputs,
                                           const BuildServices& services, Diagnostics& diagnostics) {
  SLIPWAY_ASSIGN(const Guess guess, first_guess(inputs));
  Diagnostics provisional;
  SLIPWAY_ASSIGN(PlatformPlan plan, plan_platform(recipe, guess.platform, request, inputs, services, provisional));
  const auto told = first_elf_platform(plan.layers, services.fs);
  const oci::Platform platform = told ? *told : guess.good ? guess.platform : oci::host_platform();
  if (!told && !guess.good) {
    diagnostics.warning({}, fmt::format("no platform is named and no input tells one: building for {}, the platform "
                                        "of this machine",
                                        platform.str()));
  }
  if (platform != guess.platform && plan_depends_on_platform(recipe))
    return plan_platform(recipe, platform, request, inputs, services, diagnostics);
  plan.platform = platform;
  for (const Error& error : provisional.errors())
    diagnostics.add(error);
  for (const Error& warning : provisional.warnings())
    diagnostics.warning(warning.where.value_or(Where()), warning.message);
  return plan;
}

}  // namespace

Result<std::vector<PlatformPlan>> plan_platforms(const Recipe& recipe, const BuildRequest& request,
                                                 const Inputs& inputs, const BuildServices& services,
                                                 Diagnostics& diagnostics) {
  std::vector<PlatformPlan> plans;
  for (const oci::Platform& platform : platforms_named(recipe, request)) {
    SLIPWAY_ASSIGN(plans.emplace_back(), plan_platform(recipe, platform, request, inputs, services, diagnostics));
  }
  if (plans.empty()) {
    SLIPWAY_ASSIGN(plans.emplace_back(), plan_unnamed_platform(recipe, request, inputs, services, diagnostics));
  }
  if (diagnostics.has_errors()) return fail(std::move(diagnostics).status().error());
  for (PlatformPlan& plan : plans) {
    for (LayerContents& contents : plan.contents)
      contents.platform = plan.platform.str();
    for (PlannedLayer& layer : plan.layers) {
      for (ClosureReason& reason : layer.reasons)
        reason.platform = plan.platform.str();
    }
  }
  return plans;
}

}  // namespace slipway::builder
