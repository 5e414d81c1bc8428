#include <algorithm>

#include "cli/command.h"
#include "cli/machine_checks.h"
#include "cli/project.h"
#include "cli/registry_checks.h"
#include "slipway/base/text.h"
#include "slipway/release/checks.h"

namespace slipway::cli {
namespace {

using release::Finding;

struct DoctorFlags {
  std::optional<std::string> environment;
  bool repair = false;
  bool forget = false;
};

std::string_view name_of(Finding::Remedy remedy) {
  return remedy == Finding::Remedy::repair ? "repair" : remedy == Finding::Remedy::person ? "person" : "none";
}

Json finding_json(const Finding& finding) {
  Json json;
  json.set("check", finding.check).set("what", finding.what).set("meaning", finding.meaning);
  json.set("remedy", name_of(finding.remedy)).set("action", finding.action).set("repaired", finding.repaired);
  return json;
}

std::string finding_line(const std::string& environment, const Finding& finding) {
  const std::string_view state = finding.repaired                            ? "repaired"
                                 : finding.remedy == Finding::Remedy::repair ? "to repair"
                                 : finding.remedy == Finding::Remedy::person ? "to decide"
                                                                             : "note";
  return fmt::format("{:<16} {:<10} {}: {} ({})\n", environment, state, printable(finding.what, 1000), finding.meaning,
                     printable(finding.action, 1000));
}

/// The worst of the findings: 0 all well, 10 something to mend, 16 something that only a person can decide.
int status_of(const std::vector<Finding>& findings) {
  constexpr int kToMend = 10, kToDecide = 16;
  int status = 0;
  for (const Finding& finding : findings) {
    if (finding.repaired || finding.remedy == Finding::Remedy::none) continue;
    status = std::max(status, finding.remedy == Finding::Remedy::person ? kToDecide : kToMend);
  }
  return status;
}

struct Examined {
  Json::Array environments, machine;
  bool names_apps = false;
  std::string lines;
  int status = 0;
};

Result<std::vector<Finding>> look_at(Context& context, const Loaded& loaded, const release::Environment& environment,
                                     const release::ReleaseServices& services, const DoctorFlags& f) {
  const bool dry_run = context.globals().dry_run;
  if (f.forget) return release::forget_removed(loaded.project, environment, dry_run, services);
  return f.repair && !dry_run ? release::repair_environment(loaded.project, environment, services)
                              : release::check_environment(loaded.project, environment, services);
}

Status examine(Context& context, const Loaded& loaded, const DoctorFlags& f, Examined& all) {
  const ProjectServices services(context, loaded);
  for (const release::Environment& environment : loaded.project.environments) {
    if (f.environment && *f.environment != environment.name) continue;
    const std::string name = (all.names_apps ? loaded.project.app + " " : "") + environment.name;
    SLIPWAY_ASSIGN(const auto findings, look_at(context, loaded, environment, services.get(), f));
    Json::Array rows;
    for (const Finding& finding : findings) {
      rows.push_back(finding_json(finding));
      all.lines += finding_line(name, finding);
    }
    all.status = std::max(all.status, status_of(findings));
    const bool only_notes = std::all_of(findings.begin(), findings.end(),
                                        [](const Finding& finding) { return finding.remedy == Finding::Remedy::none; });
    if (only_notes) context.note(fmt::format("{}: no problems found", name));
    all.environments.push_back(
        Json().set("app", loaded.project.app).set("environment", environment.name).set("findings", std::move(rows)));
  }
  return {};
}

/// Clock, certificates, runners and disks of this machine.
void examine_machine(Context& context, Examined& all) {
  constexpr int kToMend = 10;
  for (const MachineFinding& finding : judge_machine(look_at_machine(context))) {
    all.machine.push_back(Json()
                              .set("check", finding.check)
                              .set("what", finding.what)
                              .set("meaning", finding.meaning)
                              .set("action", finding.action)
                              .set("problem", finding.is_problem));
    all.lines += fmt::format("{:<16} {:<10} {}: {} ({})\n", "machine", finding.is_problem ? "to mend" : "note",
                             finding.what, finding.meaning, finding.action);
    if (finding.is_problem) all.status = std::max(all.status, kToMend);
  }
  if (all.machine.empty()) context.note("this machine: no problems found");
}

/// Adds the findings that a person must decide to the lines; a registry's limits are notes for -v.
void report_registries(Context& context, const std::vector<RegistryReport>& reports, Examined& all, Json::Array& rows) {
  for (const RegistryReport& report : reports) {
    Json::Array findings;
    for (const Finding& finding : report.findings) {
      findings.push_back(finding_json(finding));
      if (finding.remedy != Finding::Remedy::none) {
        all.lines += finding_line("registry", finding);
      } else if (context.globals().verbose > 0) {
        context.note(fmt::format("{}: {} ({})", finding.what, finding.meaning, finding.action));
      }
    }
    all.status = std::max(all.status, status_of(report.findings));
    rows.push_back(Json().set("repository", report.repository.place()).set("findings", std::move(findings)));
  }
}

Result<int> run_doctor(Context& context, const DoctorFlags& f) {
  if (f.forget && !f.environment) {
    return fail(Error(Errc::invalid_argument, "--forget needs the environment whose ledger was begun again")
                    .with_hint("name it: slipway doctor ENV --forget"));
  }
  if (f.forget && f.repair) {
    return fail(Error(Errc::invalid_argument, "--forget and --repair contradict each other")
                    .with_hint("--repair restores removed entries, --forget gives them up; use one of them"));
  }
  SLIPWAY_ASSIGN(const auto apps, f.environment ? require_projects(context) : load_projects(context));
  if (f.environment && apps.size() == 1) SLIPWAY_TRY(apps.front().project.require(*f.environment));
  Examined all;
  if (!f.environment) examine_machine(context, all);
  all.names_apps = apps.size() > 1;
  Json::Array registries;
  report_registries(context, check_registries(context, apps), all, registries);
  for (const Loaded& loaded : apps) {
    Status examined = examine(context, loaded, f, all);
    if (examined) continue;
    // The finding about a registry that does not answer says enough.
    if (all.status == 0) return fail(std::move(examined).error());
    context.warn(examined.error().message);
  }
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/doctor").set("environments", std::move(all.environments));
    if (!f.environment) document.set("machine", std::move(all.machine));
    document.set("registries", std::move(registries));
    SLIPWAY_TRY(context.print_document(document));
  } else {
    SLIPWAY_TRY(context.print_raw(all.lines));
  }
  return all.status;
}

}  // namespace

Command doctor_command() {
  return {
      .name = "doctor",
      .aliases = {},
      .summary = "check ledgers and tags, and repair them",
      .description =
          "Checks this machine (clock, certificates, runner, disk space), the registries (login, clock), and the "
          "ledger, "
          "tags, evidence, configs and this machine's state of each environment of every app, and prints each problem "
          "with its meaning and its remedy. --repair fixes the problems that need no decision, while other writers "
          "wait: "
          "it removes tags that cannot be read, restores entries whose bytes are known, moves a lagging tag and "
          "attaches "
          "missing evidence. --forget is for a ledger that was begun again on purpose: this machine forgets the "
          "entries "
          "that it saw and that the ledger does not have. Never changes which release is active, and never moves a tag "
          "that somebody else moved.",
      .synopsis = "[--repair | --forget] [ENV]",
      .examples = {{"the problems of every environment", "slipway doctor"},
                   {"repair what needs no decision", "slipway doctor production --repair"},
                   {"what would be repaired", "slipway doctor --repair --dry-run"},
                   {"go on after a test registry was emptied", "slipway doctor staging --forget"}},
      .statuses = {{0, "nothing was found, or everything was repaired"},
                   {10, "there are problems that --repair fixes"},
                   {16, "there are problems that need a decision"}},
      .see_also = {"status", "verify"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<DoctorFlags>();
        options.optional_positional("ENV", flags->environment, "an environment of slipway.yaml (default: all)");
        options.flag("--repair", flags->repair, "repair what needs no decision");
        options.flag("--forget", flags->forget,
                     "forget entries that ENV's ledger, begun again on purpose, does not have");
        options.command_line_only();
        return [flags](Context& context) { return run_doctor(context, *flags); };
      }};
}

}  // namespace slipway::cli
