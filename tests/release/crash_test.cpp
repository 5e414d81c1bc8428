// The remains of a release that dies between any two steps that change the disk, and
// what the next run makes of it.
#include <sys/wait.h>
#include <unistd.h>

#include "release/world.h"
#include "slipway/release/views.h"

namespace slipway::release {
namespace {

namespace files = std::filesystem;

/// A command line of the tests, and what must be there before it.
struct Scene {
  std::string name;
  std::string environment;
  std::function<void(Shop&)> prepare;
  std::function<Result<Recorded>(Shop&)> act;
};

oci::Location build(Shop& shop, const std::string& content) {
  const auto target = shop.open(*shop.project.image_repository);
  const auto image = put_image(*target, content);
  EXPECT_TRUE(target->keep_untagged(image));
  return shop.project.image_repository->with_digest(image.digest);
}

/// The same, where the build is there already.
oci::Location built(const Shop& shop, const std::string& content) {
  store::MemoryTarget memory;
  return shop.project.image_repository->with_digest(put_image(memory, content).digest);
}

std::vector<Scene> scenes() {
  return {
      {"first_release", "staging", [](Shop& shop) { build(shop, "one"); },
       [](Shop& shop) { return shop.release("staging", built(shop, "one")); }},
      {"second_release", "staging",
       [](Shop& shop) {
         ASSERT_TRUE(shop.release("staging", build(shop, "one")));
         build(shop, "two");
       },
       [](Shop& shop) { return shop.release("staging", built(shop, "two")); }},
      {"promote", "production", [](Shop& shop) { ASSERT_TRUE(shop.release("staging", build(shop, "one"))); },
       [](Shop& shop) { return shop.promote("staging", "production"); }},
      {"config", "staging",
       [](Shop& shop) {
         ASSERT_TRUE(shop.release("staging", build(shop, "one")));
         shop.write("staging.env", "PORT=81\n");
       },
       [](Shop& shop) { return shop.release("staging", std::nullopt); }},
      {"rollback", "staging",
       [](Shop& shop) {
         for (const char* content : {"one", "two", "three"}) {
           ASSERT_TRUE(shop.release("staging", build(shop, content)));
         }
       },
       [](Shop& shop) { return shop.rollback("staging"); }},
  };
}

class Crash : public ::testing::TestWithParam<Scene> {
 protected:
  /// A copy of the prepared folder to break.
  void SetUp() override {
    GetParam().prepare(prepared_);
    ASSERT_FALSE(HasFatalFailure());
    before_ = prepared_.chain(GetParam().environment);
    tag_before_ = prepared_.tag(GetParam().environment);
  }

  static void use(Shop& shop, FileSystem& fs) {
    shop.world.use(fs);
    shop.services.fs = &fs;
  }

  void restore(Shop& shop) {
    files::remove_all(shop.folder.path());
    files::copy(prepared_.folder.path(), shop.folder.path(),
                files::copy_options::recursive | files::copy_options::copy_symlinks);
  }

  Result<Recorded> act_on(Shop& shop, test::FaultFs& fs) {
    fs.skip_syncing();
    use(shop, fs);
    auto outcome = GetParam().act(shop);
    use(shop, shop.disk);
    return outcome;
  }

  std::uint64_t count_steps() {
    Shop shop(kLayoutYaml);
    restore(shop);
    test::FaultFs counting;
    const auto outcome = act_on(shop, counting);
    EXPECT_TRUE(outcome) << outcome.error().describe();
    return counting.steps();
  }

  /// The old release is active or the new one is, and the tag says one of the two.
  void expect_old_or_new(Shop& shop) {
    const std::string& name = GetParam().environment;
    const Chain chain = shop.chain(name);
    const std::size_t old_size = before_.entries.size();
    ASSERT_TRUE(chain.entries.size() == old_size || chain.entries.size() == old_size + 1);
    for (std::size_t i = 0; i < old_size; ++i)
      EXPECT_EQ(chain.entries[i].bytes, before_.entries[i].bytes);
    const auto tag = shop.tag(name);
    if (tag != tag_before_) {
      ASSERT_EQ(chain.entries.size(), old_size + 1) << "the tag moved before the commit";
      EXPECT_EQ(tag, chain.head()->entry.image.digest);
    }
    const auto rows = read_status(shop.project, shop.services);
    ASSERT_TRUE(rows) << rows.error().describe();
    for (const StatusRow& row : *rows)
      EXPECT_EQ(row.drift, "") << row.environment;
  }

  /// The same command again brings exactly one new release to its end.
  void expect_completes(Shop& shop) {
    const std::string& name = GetParam().environment;
    const auto outcome = GetParam().act(shop);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    const Chain chain = shop.chain(name);
    ASSERT_EQ(chain.entries.size(), before_.entries.size() + 1);
    EXPECT_EQ(chain.head()->id, outcome->id);
    EXPECT_EQ(shop.tag(name), outcome->entry.image.digest);
    const auto target = shop.target(name);
    const auto kept = target->resolve(keep_tag("hello", name, outcome->entry.number));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->digest, outcome->entry.image.digest);
    EXPECT_TRUE(config_of(shop.project, outcome->entry, shop.services));
    EXPECT_TRUE(has_evidence(*target, first_of_digest(chain, *outcome)));
    EXPECT_FALSE(files::exists(shop.services.state_folder / "journal" / ("hello." + name + ".json")));
    expect_sound(shop, name);
  }

  /// The release whose evidence is beside the image.
  static const Recorded& first_of_digest(const Chain& chain, const Recorded& recorded) {
    return *std::find_if(chain.entries.begin(), chain.entries.end(),
                         [&](const Recorded& other) { return other.entry.image == recorded.entry.image; });
  }

  static bool has_evidence(store::Target& target, const Recorded& recorded) {
    const auto found =
        store::as<store::ReferrerLister>(target)->referrers(recorded.entry.image.digest, std::string(kEntryType));
    for (const oci::Descriptor& descriptor : found.value()) {
      const auto bytes = target.fetch_document(descriptor.digest).value().bytes;
      if (oci::parse_manifest(bytes, "")->config.digest == recorded.id) return true;
    }
    return false;
  }

  void expect_sound(Shop& shop, const std::string& name) {
    for (const auto& place : {shop.environment(name).repository, shop.project.ledger}) {
      const auto layout = store::LayoutTarget::open(place.path(), {.fs = &shop.disk, .verified_record = {}});
      ASSERT_TRUE(layout) << layout.error().describe();
      const auto problems = (*layout)->validate();
      ASSERT_TRUE(problems);
      for (const auto& problem : *problems)
        ADD_FAILURE() << place.str() << ": " << problem.message;
    }
  }

  Shop prepared_{kLayoutYaml};
  Chain before_;
  std::optional<Digest> tag_before_;
};

INSTANTIATE_TEST_SUITE_P(Scenes, Crash, ::testing::ValuesIn(scenes()),
                         [](const auto& scene) { return scene.param.name; });

TEST_P(Crash, KilledBeforeAnyStep) {
  const std::uint64_t steps = count_steps();
  ASSERT_GT(steps, 20U);
  for (std::uint64_t at = 1; at <= steps; ++at) {
    SCOPED_TRACE(fmt::format("killed before step {} of {}", at, steps));
    Shop shop(kLayoutYaml);
    restore(shop);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      test::FaultFs dying;
      dying.die_at(at);
      (void)act_on(shop, dying);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "step " << at << " was never reached";
    expect_old_or_new(shop);
    expect_completes(shop);
    if (HasFailure()) return;
  }
}

TEST_P(Crash, FullDiskAtAnyStep) {
  const std::uint64_t steps = count_steps();
  for (std::uint64_t at = 1; at <= steps; at += 7) {
    SCOPED_TRACE(fmt::format("full from step {} of {}", at, steps));
    Shop shop(kLayoutYaml);
    restore(shop);
    test::FaultFs full;
    full.fill_at(at);
    const auto outcome = act_on(shop, full);
    if (!outcome) {
      EXPECT_EQ(outcome.error().code, Errc::failed) << outcome.error().describe();
      EXPECT_THAT(outcome.error().message, ::testing::HasSubstr("No space left"));
    }
    expect_old_or_new(shop);
    // The last steps only tidy up, and a rollback that succeeded goes one back further when repeated.
    if (!outcome) expect_completes(shop);
    if (HasFailure()) return;
  }
}

class CrashThenOther : public Crash {};

INSTANTIATE_TEST_SUITE_P(Scenes, CrashThenOther, ::testing::Values(scenes()[1]),
                         [](const auto& scene) { return scene.param.name; });

// A release that died before its commit does not hold on to its number.
TEST_P(CrashThenOther, AnotherBuildInsteadOfTheInterruptedOne) {
  const std::uint64_t steps = count_steps();
  for (std::uint64_t at = 1; at <= steps; at += 5) {
    SCOPED_TRACE(fmt::format("killed before step {} of {}", at, steps));
    Shop shop(kLayoutYaml);
    restore(shop);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      test::FaultFs dying;
      dying.die_at(at);
      (void)act_on(shop, dying);
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const std::size_t committed = shop.chain("staging").entries.size();
    const auto other = build(shop, "other");
    const auto outcome = shop.release("staging", other);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome->entry.number, static_cast<std::int64_t>(committed) + 1);
    EXPECT_EQ(shop.tag("staging"), other.digest());
    EXPECT_EQ(shop.target("staging")->resolve(keep_tag("hello", "staging", outcome->entry.number))->digest,
              *other.digest());
    expect_sound(shop, "staging");
  }
}

}  // namespace
}  // namespace slipway::release
