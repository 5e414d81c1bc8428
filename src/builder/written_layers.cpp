#include "builder/written_layers.h"

#include <algorithm>
#include <map>

#include "builder/counted_files.h"
#include "slipway/base/lanes.h"
#include "slipway/base/text.h"
#include "slipway/builder/work_observer.h"
#include "slipway/io/filters.h"
#include "slipway/layer/layer_writer.h"
#include "slipway/store/layout.h"

namespace slipway::builder {
namespace {

/// One layer to write, for the first platform that has it.
struct Job {
  const PlannedLayer* layer = nullptr;
  std::string platform;
};

/// The jobs of all plans, and for each plan the jobs of its layers.
struct Jobs {
  std::vector<Job> all;
  std::vector<std::vector<std::size_t>> of_plan;
};

Jobs jobs_of(const std::vector<PlatformPlan>& plans) {
  Jobs jobs;
  std::map<std::pair<std::string, Digest>, std::size_t> known;  // by name and what the layer is made of
  for (const PlatformPlan& plan : plans) {
    auto& mine = jobs.of_plan.emplace_back();
    for (const PlannedLayer& layer : plan.layers) {
      const auto [at, is_new] = known.emplace(std::pair(layer.name, layer.inputs->digest), jobs.all.size());
      if (is_new) jobs.all.push_back({&layer, plan.platform.str()});
      mine.push_back(at->second);
    }
  }
  return jobs;
}

/// The parts that every job of one build shares.
struct Desk {
  layer::LayerOptions how;
  const Workplace& workplace;
  const BuildServices& services;
};

/// The layer of an earlier build of the same files whose blob is where this one works.
Result<std::optional<FinishedLayer>> find_written(const Job& job, const std::string& type, const Desk& desk) {
  BuildCache* const cache = desk.services.cache;
  const auto known = cache == nullptr ? std::nullopt : cache->find_layer(*job.layer->inputs);
  if (!known) return std::optional<FinishedLayer>();
  const oci::Descriptor blob(type, known->digest, known->size);
  if (desk.workplace.target != nullptr) {
    SLIPWAY_ASSIGN(const bool there, desk.workplace.target->exists(blob));
    if (!there) return std::optional<FinishedLayer>();
  }
  if (BuildObserver* const observer = desk.services.observer)
    observer->layer_reused(job.platform, job.layer->name, blob);
  return std::optional(FinishedLayer{job.layer->name, known->diff_id, known->digest, known->size});
}

/// The bytes of a layer's files.
Result<std::uint64_t> size_of(const layer::FileTree& tree) {
  SLIPWAY_ASSIGN(const auto reader, tree.read());
  std::uint64_t bytes = 0;
  for (layer::FileEntry entry;;) {
    SLIPWAY_ASSIGN(const bool more, reader->next(entry));
    if (!more) return bytes;
    if (entry.type == layer::EntryType::regular) bytes += entry.size;
  }
}

Result<layer::LayerDigests> pack(const Job& job, const std::string& type, const Desk& desk, std::stop_token stop) {
  const PlannedLayer& layer = *job.layer;
  io::NullSink nowhere;
  io::HashingSink unstored(nowhere);
  std::unique_ptr<store::BlobWriter> writer;
  if (desk.workplace.ingest != nullptr) {
    SLIPWAY_ASSIGN(writer, desk.workplace.ingest->start_blob(type));
  }
  io::Sink& sink = writer == nullptr ? static_cast<io::Sink&>(unstored) : *writer;
  FileSystem& files = files_of(layer, desk.services.fs);
  std::optional<CountedFiles> counted;
  if (auto* const watcher = dynamic_cast<WorkObserver*>(desk.services.observer)) {
    SLIPWAY_ASSIGN(const std::uint64_t total, size_of(layer.tree));
    counted.emplace(files, [watcher, &job, total](std::uint64_t at) {
      watcher->files_read(job.platform, job.layer->name, at, total);
    });
  }
  auto diff_id = layer::write_layer(counted ? *counted : files, layer.tree, desk.how, sink, std::move(stop));
  if (!diff_id) return fail(std::move(diff_id).error());
  if (writer == nullptr)
    return layer::LayerDigests{*diff_id, unstored.digest(), static_cast<std::int64_t>(unstored.count())};
  const oci::Descriptor blob = writer->descriptor();
  return layer::LayerDigests{*diff_id, blob.digest, blob.size};
}

Result<FinishedLayer> write_job(const Job& job, const Desk& desk, std::stop_token stop) {
  const BuildServices& services = desk.services;
  const std::string type(layer::layer_media_type(desk.how.compression));
  if (services.observer != nullptr) services.observer->layer_started(job.platform, job.layer->name);
  SLIPWAY_ASSIGN(auto written, find_written(job, type, desk));
  if (written) return *std::move(written);
  const std::int64_t started = services.cache != nullptr ? services.cache->now() : 0;
  auto packed = pack(job, type, desk, std::move(stop));
  if (!packed)
    return fail(
        std::move(packed).error().in(fmt::format("building the layer \"{}\"", printable(job.layer->name, 100))));
  if (services.cache != nullptr) services.cache->remember_layer(*job.layer->inputs, *packed, started);
  if (services.observer != nullptr)
    services.observer->layer_built(job.platform, job.layer->name, {type, packed->digest, packed->size});
  return FinishedLayer{job.layer->name, packed->diff_id, packed->digest, packed->size};
}

}  // namespace

Result<Workplace> open_workplace(const BuildRequest& request, const BuildServices& services) {
  Workplace workplace;
  if (request.dry_run) return workplace;
  const auto& destinations = request.destinations;
  workplace.is_destination = destinations.size() == 1 && destinations[0].location.transport() == oci::Transport::layout;
  const oci::Location place = workplace.is_destination
                                  ? destinations[0].location.without_reference()
                                  : oci::Location::layout((request.state_folder / "images").native());
  const Side side = workplace.is_destination ? Side::destination : Side::local;
  SLIPWAY_ASSIGN(workplace.target, services.opener.open_for_writing(place, side));
  workplace.ingest = store::as<store::BlobIngest>(*workplace.target);
  if (workplace.ingest == nullptr) return fail(Errc::internal, "{} takes no streams", workplace.target->name());
  return workplace;
}

Result<WrittenLayers> write_layers(const Recipe& recipe, const std::vector<PlatformPlan>& plans,
                                   const Workplace& workplace, const BuildServices& services) {
  const Jobs jobs = jobs_of(plans);
  const std::size_t lanes = std::clamp<std::size_t>(services.threads, 1, std::max<std::size_t>(1, jobs.all.size()));
  const std::size_t inner = std::max<std::size_t>(1, services.threads / lanes);
  const Desk desk{{recipe.compression, recipe.level, inner, services.cache, recipe.codec}, workplace, services};
  std::vector<std::optional<FinishedLayer>> done(jobs.all.size());
  if (!done.empty())
    SLIPWAY_TRY(run_lanes(lanes, done.size(), services.stop, [&](std::size_t i, std::stop_token stop) -> Status {
      SLIPWAY_ASSIGN(done[i], write_job(jobs.all[i], desk, std::move(stop)));
      return {};
    }));
  WrittenLayers layers;
  for (const std::vector<std::size_t>& mine : jobs.of_plan) {
    auto& of_plan = layers.emplace_back();
    for (const std::size_t job : mine)
      of_plan.push_back(*done[job]);
  }
  return layers;
}

}  // namespace slipway::builder
