#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/project.h"
#include "slipway/base/subprocess.h"
#include "slipway/base/text.h"
#include "slipway/release/views.h"
#include "slipway/run/drift.h"
#include "slipway/run/pin.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMaxDump = 512u << 20;

struct DriftFlags {
  std::string environment;
  std::vector<std::string> files;
  std::optional<std::string> pods, kubeconfig;
};

struct Difference {
  std::string_view what;  ///< "tag", "file", "pod"
  std::string message;
};

std::string made_by(const release::Entry& entry) {
  return fmt::format("v{}, {} by {}", entry.number,
                     entry.kind == release::Kind::rollback ? "rolled back to" : "released",
                     printable(entry.actor, 200));
}

/// One comparison after the other; what fails is kept until the end, so that everything is reported together.
class Drift {
 public:
  Drift(Context& context, const DriftFlags& flags, const Loaded& loaded, const release::Environment& environment)
      : context_(context), flags_(flags), loaded_(loaded), environment_(environment), services_(context, loaded) {}

  Result<std::vector<Difference>> run() {
    SLIPWAY_ASSIGN(const auto head,
                   services_.get().ledger(loaded_.project.ledger).head(loaded_.project.app, environment_.name));
    if (!head) {
      return fail(Error(Errc::not_found, fmt::format("nothing was ever released to {}", environment_.name))
                      .with_hint(fmt::format("release a build: slipway release {} REF", environment_.name)));
    }
    collect(tag());
    collect(files(*head));
    if (flags_.pods || flags_.kubeconfig) collect(pods(*head));
    if (!errors_.empty()) return fail(combine(std::move(errors_)));
    return std::move(found_);
  }

 private:
  void collect(Status status) {
    if (!status) errors_.push_back(std::move(status).error());
  }

  Status tag() {
    SLIPWAY_ASSIGN(const auto rows, release::read_status(loaded_.project, services_.get()));
    for (const release::StatusRow& row : rows) {
      if (row.environment != environment_.name) continue;
      if (!row.drift.empty()) found_.push_back({"tag", row.drift});
      if (row.pending) found_.push_back({"tag", fmt::format("{}: {}", context_.shown(row.location).str(), row.lag)});
    }
    return {};
  }

  std::vector<oci::Location> app_places() const {
    std::vector<oci::Location> places;
    if (loaded_.project.image_repository) places.push_back(*loaded_.project.image_repository);
    for (const release::Environment& environment : loaded_.project.environments)
      places.push_back(environment.repository);
    return places;
  }

  Status files(const release::Recorded& head) {
    const release::Entry& entry = head.entry;
    std::vector<std::string> words;
    for (const std::string& file : flags_.files)
      words.push_back(context_.absolute(file).lexically_proximate(context_.surroundings().directory).string());
    SLIPWAY_ASSIGN(const auto names, run::find_files(context_.fs(), words));
    const run::Resolver resolve =
        run::resolve_release({.app = entry.app,
                              .repository = environment_.repository,
                              .app_places = app_places(),
                              .keep_tag = release::keep_tag(entry.app, entry.environment, entry.number),
                              .digest = entry.image.digest});
    std::size_t of_the_app = 0;
    const run::Resolver counting = [&](const oci::Location& written) {
      auto answer = resolve(written);
      of_the_app += answer && *answer ? 1 : 0;
      return answer;
    };
    std::vector<Error> errors;
    for (const run::PinReport& report : run::plan_pins(context_.fs(), names, counting)) {
      errors.insert(errors.end(), report.errors.begin(), report.errors.end());
      for (const run::PinChange& change : report.changes)
        found_.push_back({"file", fmt::format("{}:{}: has {}, not {} ({})", change.where.file, change.where.row,
                                              printable(change.before, 300), change.after, made_by(entry))});
    }
    // A comparison that found nothing to compare is not a proof.
    if (!words.empty() && of_the_app == 0)
      found_.push_back({"file", fmt::format("no image reference in {} is one of {}", list_of(words), entry.app)});
    if (!errors.empty()) return fail(combine(std::move(errors)));
    return {};
  }

  /// Every digest that a cluster may give for the image.
  Status add_digests(const release::Entry& entry, std::set<std::string>& digests) {
    const oci::Location location = environment_.repository.with_digest(entry.image.digest);
    SLIPWAY_ASSIGN(const auto target, context_.opener().open_for_reading(location, Side::source));
    SLIPWAY_ASSIGN(const auto root, target->resolve(entry.image.digest));
    digests.insert(root.digest.str());
    SLIPWAY_ASSIGN(const auto offers, image::list_platforms(*target, root));
    for (const image::Offer& offer : offers) {
      SLIPWAY_ASSIGN(const image::Image image, image::load_manifest(*target, offer.manifest));
      digests.insert(offer.manifest.digest.str());
      digests.insert(image.manifest.config.digest.str());
    }
    return {};
  }

  Result<std::string> dump() {
    if (flags_.pods) {
      if (*flags_.pods == "-") return context_.surroundings().read_in();
      return read_file(context_.fs(), context_.absolute(*flags_.pods), kMaxDump);
    }
    slipway::Command kubectl;
    kubectl.argv = {"kubectl", "--kubeconfig", context_.absolute(*flags_.kubeconfig).native(), "get", "pods", "-A",
                    "-o",      "json"};
    kubectl.max_output = kMaxDump;
    kubectl.timeout = std::chrono::minutes(2);
    SLIPWAY_ASSIGN(CommandResult done, slipway::run_command(kubectl, context_.stop()));
    if (done.status == 0) return std::move(done.out);
    return fail(
        Error(Errc::failed,
              fmt::format("kubectl get pods failed with status {}: {}", done.status, printable(trim(done.err), 2000)))
            .with_hint(
                "check the kubeconfig, or give a dump: kubectl get pods -A -o json | slipway drift ENV --pods -"));
  }

  Status pods(const release::Recorded& head) {
    SLIPWAY_ASSIGN(const std::string text, dump());
    SLIPWAY_ASSIGN(const auto containers, run::parse_pods(text, flags_.pods.value_or("kubectl's answer")));
    run::ExpectedImage expected{
        .release = made_by(head.entry), .digests = {}, .earlier = {}, .app_places = app_places()};
    SLIPWAY_TRY(add_digests(head.entry, expected.digests));
    SLIPWAY_ASSIGN(const release::Chain chain,
                   services_.get().ledger(loaded_.project.ledger).read(loaded_.project.app, environment_.name));
    for (std::int64_t number = 1; number < head.entry.number; ++number) {
      if (const release::Recorded* past = chain.number(number))
        expected.earlier.insert_or_assign(past->entry.image.digest.str(), made_by(past->entry));
    }
    run::PodFindings findings = run::compare_pods(containers, expected);
    if (findings.containers == 0)
      found_.push_back(
          {"pod", fmt::format("none of the {} containers runs {}", containers.size(), loaded_.project.app)});
    for (std::string& line : findings.differences)
      found_.push_back({"pod", std::move(line)});
    return {};
  }

  Context& context_;
  const DriftFlags& flags_;
  const Loaded& loaded_;
  const release::Environment& environment_;
  ProjectServices services_;
  std::vector<Difference> found_;
  std::vector<Error> errors_;
};

Result<int> run_drift(Context& context, const DriftFlags& f) {
  if (f.pods && f.kubeconfig) {
    return fail(Error(Errc::invalid_argument, "--pods and --kubeconfig exclude each other")
                    .with_hint("leave out --pods, or --kubeconfig"));
  }
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  SLIPWAY_ASSIGN(const auto* environment, loaded.project.require(f.environment));
  SLIPWAY_ASSIGN(const auto differences, Drift(context, f, loaded, *environment).run());
  Json::Array rows;
  for (const Difference& difference : differences) {
    if (!context.json()) SLIPWAY_TRY(context.print(fmt::format("{}: {}", difference.what, difference.message)));
    Json row;
    row.set("what", difference.what).set("message", difference.message);
    rows.push_back(std::move(row));
  }
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/drift").set("app", loaded.project.app).set("environment", environment->name);
    document.set("differences", std::move(rows));
    SLIPWAY_TRY(context.print_document(document));
  }
  if (differences.empty()) context.note(fmt::format("{}: everything is as released", environment->name));
  return differences.empty() ? 0 : kDiffers;
}

}  // namespace

Command drift_command() {
  return {.name = "drift",
          .aliases = {},
          .summary = "compare a release with what is deployed",
          .description =
              "Compares the active release with the registry's tag, with files that pin the image and with the pods of "
              "a cluster, and prints one line for each difference. Files or pods that do not name the app at all are a "
              "difference, too. Changes nothing.",
          .synopsis = "[--files FILE]... [--pods FILE|--kubeconfig FILE] ENV",
          .examples = {{"the tag and the files of a GitOps repository", "slipway drift production --files deploy/"},
                       {"and what runs", "kubectl get pods -A -o json | slipway drift production --pods -"}},
          .statuses = {{10, "something differs"}},
          .see_also = {"status", "pin", "verify"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<DriftFlags>();
            options.list("--files", "FILE", flags->files,
                         "compare these files, folders or patterns that pin the app (repeatable)");
            options.value("--pods", "FILE", flags->pods,
                          "compare the pods that `kubectl get pods -A -o json` printed; - reads standard input");
            options.value("--kubeconfig", "FILE", flags->kubeconfig,
                          "compare the pods of this cluster, asked with kubectl");
            options.positional("ENV", flags->environment, "an environment of slipway.yaml");
            return [flags](Context& context) { return run_drift(context, *flags); };
          }};
}

}  // namespace slipway::cli
