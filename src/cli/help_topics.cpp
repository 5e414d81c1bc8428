#include "cli/help.h"
#include "cli/text_layout.h"
#include "slipway/base/error.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kLocations = R"(A location says where an image is. Every command that reads or writes
an image takes one.

- HOST[:PORT]/REPOSITORY[:TAG][@sha256:...] is an image in a registry; docker://HOST/... is the same. For reading, short
names mean what they mean to docker: alpine is docker.io/library/alpine:latest. For writing, the name must be complete.
- oci:FOLDER[:TAG][@sha256:...] is an image in an OCI layout, which is created when it is written; ocidir://FOLDER... is
the same.
- oci-archive:FILE[:TAG] is a layout in a tar file.
- docker-archive:FILE[:NAME:TAG] is a file of docker save. docker load reads the ones that slipway writes.
- ENV or ENV@vN is a release of an environment of slipway.yaml; the ledger says which digest it is.

A dash in place of FILE is standard input or output. With a tag and a digest, the digest decides.

Loopback hosts (localhost, 127.0.0.1, ::1) are asked over plain HTTP first, all others over HTTPS only, unless
--plain-http or --insecure is given.

    slipway copy oci:out:v1 registry.example.com/team/app:v1
    slipway copy registry.example.com/team/app:v1 docker-archive:- | docker load
    slipway inspect production@v3
)";

constexpr std::string_view kCredentials = R"(slipway reads the logins of docker and podman. The first of these files
that has a login for the registry wins:

- the file of --authfile
- the file that REGISTRY_AUTH_FILE names
- the JSON text in DOCKER_AUTH_CONFIG
- config.json in the folder that DOCKER_CONFIG names
- containers/auth.json below XDG_RUNTIME_DIR, then below XDG_CONFIG_HOME
- ~/.docker/config.json

An entry for a repository (HOST/TEAM/APP) wins over one for its host. Credential helpers and identity tokens work as
in docker. A password is never read from the command line.

--src-authfile and --dest-authfile give the two sides of a copy different logins. For one run, USER:PASSWORD in
SLIPWAY_SRC_CREDS, SLIPWAY_DEST_CREDS or SLIPWAY_CREDS goes before all files; fd:N there says that descriptor N holds it.

    slipway login registry.example.com -u ci --password-stdin < token
    slipway auth which registry.example.com/team/app
)";

constexpr std::string_view kEnvironment = R"(Variables that set options: SLIPWAY_ and the option's name for the options
of every command, SLIPWAY_COMMAND_ and the name for the others. An option on the command line wins. Options that weaken
a check, such as --bypass, are never taken from the environment.

    SLIPWAY_JOBS=8                    is --jobs 8
    SLIPWAY_BUILD_COMPRESSION=zstd    is slipway build --compression zstd

Variables with a meaning of their own:

- SLIPWAY_ACTOR is who releases, for the ledger (default: the user of the CI job, else USER@HOST).
- SOURCE_DATE_EPOCH is the time of everything in an image, in seconds since 1970 (default: 0).
- SLIPWAY_SRC_CREDS, SLIPWAY_DEST_CREDS and SLIPWAY_CREDS hold USER:PASSWORD, or fd:N, for this run's registries.
- DOCKER_CONFIG, REGISTRY_AUTH_FILE, DOCKER_AUTH_CONFIG, XDG_RUNTIME_DIR, XDG_CONFIG_HOME say where logins are: slipway
help credentials.
- XDG_CACHE_HOME and XDG_STATE_HOME say where the cache and the upload journal are.
- SSL_CERT_FILE, SSL_CERT_DIR say which certificates are trusted.
- HTTPS_PROXY, ALL_PROXY and NO_PROXY (or lower case) and http_proxy (only so) name the proxy.
- CI turns bars off and lets a build fail when slipway.lock lacks a base.
- NO_COLOR or CLICOLOR=0 turns colours off, CLICOLOR_FORCE turns them on without a terminal; TERM=dumb turns bars and
colours off. COLUMNS is the width where the terminal does not say it.
- TMPDIR is the folder for temporary files (default: /tmp).
- GITHUB_OUTPUT and GITHUB_STEP_SUMMARY are files that build and copy add their results to.
)";

constexpr std::string_view kProject = R"(slipway.yaml says how an application is built and where it is released. It is
searched in the current folder and upwards; --file names another one. slipway init writes a first one.

    app: hello
    image:
      repository: registry.example.com/team/hello
      base: scratch
      platforms: [linux/amd64]
      layers:
        - name: app
          files:
            - {from: build/hello, to: /usr/bin/hello, mode: "0755"}
      config: {entrypoint: [/usr/bin/hello]}
    environments:
      staging:
        config: {env-file: deploy/staging.env}
      production:
        after: [staging]
        config: {env-file: deploy/production.env}

Relative paths start at the folder of the file. Every mistake is reported at once with its line. A key that slipway does
not support is an error and never ignored. A file may hold several applications, one YAML document each; --app selects
one.

docs/SLIPWAY_YAML.md describes every key.
)";

constexpr std::string_view kTroubleshooting = R"(An error says what was attempted and why it failed; the hint has one
thing to do. -v shows what is done, -vv requests, too. slipway doctor looks at this machine, the registries and every
environment. After each exit status:

- 1: make room on the disk, stop whatever writes to the inputs, and run the same command again.
- 2: correct the option, slipway.yaml or the env file that the message names.
- 10: read the differences; pin without --check, or doctor --repair, settles them.
- 11: wait for time or approvals, lift a hold (slipway unhold ENV), or give --bypass RULE --reason TEXT.
- 12: keep everything as it is; slipway validate REF and slipway verify ENV name what differs.
- 13: slipway ls REPOSITORY and slipway history ENV show what there is.
- 14: slipway auth which HOST shows the login, slipway login HOST stores another one.
- 15: slipway probe HOST shows what the registry answers; try again later.
- 16: look at slipway history ENV and slipway status, then plan again.
- 125: slipway run could not start the program; --runner chooses another runtime.

docs/TROUBLESHOOTING.md lists the messages.
)";

std::string locations() { return std::string(kLocations); }
std::string credentials() { return std::string(kCredentials); }
std::string environment() { return std::string(kEnvironment); }
std::string project() { return std::string(kProject); }
std::string troubleshooting() { return std::string(kTroubleshooting); }

std::string statuses() {
  std::string text = "The exit status says what happened:\n\n";
  for (const auto& [status, meaning] : exit_status_rows())
    text += fmt::format("- {}: {}\n", status, meaning);
  return text +
         "\nSeveral failures with one status exit with it, others with 1. slipway run exits with the status of the "
         "program that it runs.\n";
}

std::string no_text() { return {}; }

/// One block of a topic's text: a paragraph or item is wrapped, an example stays.
std::string laid_out(const std::string& block, std::size_t columns) {
  if (block.starts_with("    ")) return block;
  std::string out, item;
  const auto flush = [&] {
    if (!item.empty()) out += wrapped(item, columns, item.starts_with("- ") ? 2 : 0) + "\n";
    item.clear();
  };
  for (const std::string& line : split(block, '\n')) {
    if (line.empty()) continue;
    if (line.starts_with("- ")) flush();
    item += (item.empty() ? "" : " ") + line;
  }
  flush();
  return out;
}

}  // namespace

const std::vector<Topic>& topics() {
  static const std::vector<Topic> kTopics{
      {"locations", "how to name images in registries, layouts and archives", locations},
      {"credentials", "where logins for registries come from", credentials},
      {"environment", "variables that slipway reads", environment},
      {"exit-status", "what each exit status means", statuses},
      {"troubleshooting", "what to do after each exit status", troubleshooting},
      {"slipway.yaml", "what the project file holds", project},
      {"commands", "all commands", no_text},
      {"options", "the options of every command", no_text},
  };
  return kTopics;
}

std::string help_on(std::string_view name, std::size_t columns) {
  if (name == "commands") return command_list(columns);
  if (name == "options") return global_options_help(columns);
  for (const Topic& topic : topics()) {
    if (topic.name != name) continue;
    const std::string text = topic.text();
    std::string out = fmt::format("{} - {}\n", topic.name, topic.summary);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find("\n\n", at), text.size());
      std::string block = text.substr(at, end - at);
      while (block.ends_with('\n'))
        block.pop_back();
      out += "\n" + laid_out(block + "\n", columns);
      at = end + 2;
    }
    return out;
  }
  return {};
}

}  // namespace slipway::cli
