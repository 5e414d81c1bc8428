#include "cli/command.h"
#include "cli/opener.h"
#include "cli/terminal.h"
#include "cli/text_layout.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

struct ProbeFlags {
  std::string place;
  bool upload = false;
};

Result<int> run_probe(Context& context, const ProbeFlags& f) {
  const std::size_t slash = f.place.find('/');
  const std::string host = f.place.substr(0, slash);
  const std::string repository = slash == std::string::npos ? "" : f.place.substr(slash + 1);
  if (!oci::is_valid_host(host) || (!repository.empty() && !oci::is_valid_repository(repository))) {
    return fail(
        Error(Errc::invalid_argument, fmt::format("\"{}\" is not a registry", printable(f.place, 200)))
            .with_hint(
                "write HOST[:PORT] or HOST[:PORT]/REPOSITORY, without a tag: slipway probe registry.example.com"));
  }
  const bool upload = f.upload && !context.globals().dry_run;
  SLIPWAY_ASSIGN(const auto findings, probe(context.globals(), context.surroundings(), host, repository, upload));
  if (context.json()) {
    Json::Array rows;
    for (const registry::ProbeFinding& finding : findings)
      rows.push_back(Json().set("name", finding.name).set("answer", finding.answer));
    Json document;
    document.set("schema", "slipway/v1/probe").set("host", host).set("repository", repository);
    document.set("findings", std::move(rows));
    SLIPWAY_TRY(context.print_document(document));
    return 0;
  }
  std::vector<std::pair<std::string, std::string>> rows;
  for (const registry::ProbeFinding& finding : findings)
    rows.emplace_back(finding.name, finding.answer);
  if (context.shows_tables()) {
    SLIPWAY_TRY(context.print_text(two_columns(rows, columns_of(context.surroundings()))));
    return 0;
  }
  std::string lines;
  for (const auto& [name, answer] : rows)
    lines += fmt::format("{:<16} {}\n", name, printable(answer, 300));
  SLIPWAY_TRY(context.print_text(lines));
  return 0;
}

}  // namespace

Command probe_command() {
  return {.name = "probe",
          .aliases = {},
          .summary = "test what a registry supports",
          .description =
              "Asks a registry for its protocol features and prints what it answers. Writes nothing without --upload.",
          .synopsis = "[--upload] HOST[/REPOSITORY]",
          .examples = {{"without a login", "slipway probe registry.example.com"},
                       {"with uploads, which are cancelled; a blob of two bytes may stay",
                        "slipway probe --upload registry.example.com/team/app"}},
          .see_also = {"login", "auth"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<ProbeFlags>();
            options.positional("HOST", flags->place, "a registry, or a repository on it");
            options.flag("--upload", flags->upload, "test uploads, too, in that repository");
            return [flags](Context& context) { return run_probe(context, *flags); };
          }};
}

}  // namespace slipway::cli
