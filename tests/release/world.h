#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "release/fake_repository.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/release/apply.h"
#include "slipway/release/plan_checks.h"
#include "slipway/release/released_config.h"
#include "slipway/store/layout.h"
#include "slipway/store/memory.h"
#include "support/fake_clock.h"
#include "support/fault_fs.h"
#include "support/temp_dir.h"

namespace slipway::release {

/// Registries in memory and layouts on disk, reached as the program reaches them.
class World final : public store::Opener {
 public:
  explicit World(FileSystem& fs = real_fs()) : fs_(&fs) {}

  Result<std::shared_ptr<store::ReadTarget>> open_for_reading(const oci::Location& location, Side) override {
    if (location.is_registry()) return std::static_pointer_cast<store::ReadTarget>(repository(location.place()));
    SLIPWAY_ASSIGN(auto layout, store::LayoutTarget::open(location.path(), {.fs = fs_, .verified_record = {}}));
    return std::static_pointer_cast<store::ReadTarget>(std::move(layout));
  }
  Result<std::shared_ptr<store::Target>> open_for_writing(const oci::Location& location, Side) override {
    if (location.is_registry()) return std::static_pointer_cast<store::Target>(repository(location.place()));
    SLIPWAY_ASSIGN(auto layout,
                   store::LayoutTarget::open_or_create(location.path(), {.fs = fs_, .verified_record = {}}));
    return std::static_pointer_cast<store::Target>(std::move(layout));
  }
  /// By "host/repository".
  std::shared_ptr<FakeRepository> repository(const std::string& place) {
    auto& found = repositories_[place];
    const std::size_t slash = place.find('/');
    if (!found) {
      found = std::make_shared<FakeRepository>(repositories_, place.substr(0, slash), place.substr(slash + 1));
    }
    return found;
  }
  void use(FileSystem& fs) { fs_ = &fs; }
  /// Of all repositories since the last call.
  int requests() {
    int sum = 0;
    for (auto& [place, repository] : repositories_)
      sum += repository->requests.exchange(0);
    return sum;
  }

 private:
  FileSystem* fs_;
  FakeRepository::Repositories repositories_;
};

/// A sequencer for one thread.
class NoSequencer final : public Sequencer {
 public:
  Result<std::unique_ptr<Turn>> take(const std::string&, const std::string&) override {
    return std::make_unique<Turn>();
  }
};

inline oci::Descriptor put_blob(store::Target& to, const std::string& type, const std::string& bytes) {
  const oci::Descriptor descriptor(type, io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
  io::TextSource source(bytes);
  EXPECT_TRUE(to.push(descriptor, source));
  return descriptor;
}

/// An image that differs from others by `content`.
inline oci::Descriptor put_image(store::Target& to, const std::string& content, oci::Annotations annotations = {}) {
  oci::Manifest manifest{.raw = {},
                         .media_type = std::string(oci::kManifestType),
                         .artifact_type = {},
                         .config = put_blob(to, std::string(oci::kConfigType), "{\"author\":\"" + content + "\"}"),
                         .layers = {put_blob(to, std::string(oci::kLayerType), "layer of " + content)},
                         .subject = {},
                         .annotations = std::move(annotations)};
  return put_blob(to, std::string(oci::kManifestType), oci::write_manifest(manifest));
}

/// A manifest beside `subject`: a bundle or an SBOM, told apart by its type.
inline oci::Descriptor attach(store::Target& to, const oci::Descriptor& subject, const std::string& type,
                              const std::string& content = "bundle") {
  const oci::Manifest manifest{.raw = {},
                               .media_type = std::string(oci::kManifestType),
                               .artifact_type = type,
                               .config = put_blob(to, "application/vnd.oci.empty.v1+json", "{}"),
                               .layers = {put_blob(to, type, content)},
                               .subject = subject,
                               .annotations = {}};
  return put_blob(to, std::string(oci::kManifestType), oci::write_manifest(manifest));
}

/// An index of images for these platforms; an empty name is a child without one.
inline oci::Descriptor put_index(store::Target& to, const std::vector<std::string>& platforms) {
  oci::Index index{.raw = {},
                   .media_type = std::string(oci::kIndexType),
                   .artifact_type = {},
                   .manifests = {},
                   .subject = {},
                   .annotations = {}};
  for (std::size_t i = 0; i < platforms.size(); ++i) {
    oci::Descriptor child = put_image(to, fmt::format("{} {}", platforms[i], i));
    if (!platforms[i].empty()) child.platform = oci::Platform::parse(platforms[i]).value();
    index.manifests.push_back(std::move(child));
  }
  return put_blob(to, std::string(oci::kIndexType), oci::write_index(index));
}

/// A project in a folder of its own, with everything releasing needs.
class Shop {
 public:
  explicit Shop(const std::string& yaml) {
    disk.skip_syncing();
    world.use(disk);
    services.opener = &world;
    services.fs = &disk;
    services.clock = &clock;
    services.sequencer = &sequencer;
    services.actor = {"ann"};
    services.tool = "slipway test";
    services.lanes = 1;
    services.state_folder = folder.path() / ".slipway";
    write("staging.env", "PORT=80\n");
    write("production.env", "PORT=443\n");
    configure(yaml);
  }

  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file_atomically(real_fs(), folder.path() / name, text));
  }
  void configure(const std::string& yaml) {
    const auto documents = config::parse_yaml(yaml, "slipway.yaml");
    ASSERT_TRUE(documents) << documents.error().describe();
    Diagnostics diagnostics;
    project = decode_project(documents->front(), folder.path(), diagnostics);
    const Status status = std::move(diagnostics).status();
    ASSERT_TRUE(status) << status.error().describe();
  }
  const Environment& environment(const std::string& name) const { return *project.find(name); }
  std::shared_ptr<store::Target> open(const oci::Location& location) {
    return world.open_for_writing(location, Side::destination).value();
  }
  std::shared_ptr<store::Target> target(const std::string& name) { return open(environment(name).repository); }
  Ledger ledger() { return {world, project.ledger}; }
  Chain chain(const std::string& name) {
    auto read = ledger().read(project.app, name);
    EXPECT_TRUE(read) << read.error().describe();
    return read ? *std::move(read) : Chain{};
  }
  std::optional<Digest> tag(const std::string& name) {
    const auto found = target(name)->resolve(environment(name).tag);
    return found ? std::optional<Digest>(found->digest) : std::nullopt;
  }

  /// Each plans and applies with one view of the ledger, as the program does.
  Result<Planned> plan_release(const std::string& name, const std::optional<oci::Location>& build,
                               Remarks remarks = {}) {
    Ledger ledger = services.ledger(project.ledger);
    return release::plan_release({project, environment(name), std::move(remarks)}, build, ledger, services);
  }
  Result<Planned> plan_promote(const std::string& from, const std::string& to, Remarks remarks = {}) {
    Ledger ledger = services.ledger(project.ledger);
    return release::plan_promote({project, environment(to), std::move(remarks)}, environment(from), ledger, services);
  }
  Result<Recorded> apply(const Planned& planned) {
    Ledger ledger = services.ledger(planned.plan.ledger);
    return release::apply(planned, ledger, services);
  }
  /// The plan written to a file, read back and applied.
  Result<Recorded> apply_stored(const Plan& plan) {
    SLIPWAY_ASSIGN(const std::string text, plan.canonical());
    SLIPWAY_ASSIGN(Plan read, Plan::parse(text));
    return apply({.plan = std::move(read), .stored = true});
  }
  Result<Recorded> release(const std::string& name, const std::optional<oci::Location>& build, Remarks remarks = {}) {
    Ledger ledger = services.ledger(project.ledger);
    SLIPWAY_ASSIGN(const Planned planned,
                   release::plan_release({project, environment(name), std::move(remarks)}, build, ledger, services));
    return release::apply(planned, ledger, services);
  }
  Result<Recorded> promote(const std::string& from, const std::string& to, Remarks remarks = {}) {
    Ledger ledger = services.ledger(project.ledger);
    SLIPWAY_ASSIGN(const Planned planned, release::plan_promote({project, environment(to), std::move(remarks)},
                                                                environment(from), ledger, services));
    return release::apply(planned, ledger, services);
  }
  Result<Recorded> rollback(const std::string& name, RollbackTarget to = {}, Remarks remarks = {}) {
    Ledger ledger = services.ledger(project.ledger);
    SLIPWAY_ASSIGN(const Planned planned,
                   release::plan_rollback({project, environment(name), std::move(remarks)}, to, ledger, services));
    return release::apply(planned, ledger, services);
  }
  Result<std::vector<std::string>> missing_approvals(const Plan& plan) {
    Ledger ledger = services.ledger(plan.ledger);
    return release::missing_approvals(plan, ledger);
  }

  test::TempDir folder;
  test::FaultFs disk;  ///< never waits for the platter
  World world;
  test::FakeClock clock;
  NoSequencer sequencer;
  ReleaseServices services;
  Project project;
};

inline constexpr const char* kLayoutYaml = R"(
app: hello
image: {repository: "oci:./images"}
environments:
  staging:
    repository: oci:./staging
    config: {env-file: staging.env}
  production:
    after: [staging]
    repository: oci:./production
    config: {env-file: production.env}
)";

inline constexpr const char* kRegistryYaml = R"(
app: hello
image: {repository: reg.example/team/hello}
environments:
  staging:
    repository: reg.example/staging/hello
    config: {env-file: staging.env}
  production:
    after: [staging]
    repository: reg.example/prod/hello
    config: {env-file: production.env}
  away:
    repository: other.example/hello
)";

}  // namespace slipway::release
