#include "cli/config_flags.h"

#include "slipway/base/text.h"

namespace slipway::cli {

void bind_config_flags(OptionSet& options, builder::AdHocRequest& request) {
  options.value("--entrypoint", "ARGV", request.entrypoint, "program that the image starts: a JSON array or one word");
  options.value("--cmd", "ARGV", request.cmd, "default arguments of the program: a JSON array or one word");
  options.list("--env", "K=V", request.env, "environment variable of the image (repeatable)");
  options.also("-e");
  options.value("--user", "USER", request.user, "user[:group] that the program runs as");
  options.also("-u");
  options.value("--workdir", "DIR", request.workdir, "working directory of the program");
  options.also("-w");
  options.list("--port", "PORT", request.ports, "port that the program listens on (repeatable)");
  options.also("--exposed-ports,--expose");
  options.list("--volume", "DIR", request.volumes, "folder that a container gets as a volume (repeatable)");
  options.list("--label", "K=V", request.labels, "label of the image config (repeatable)");
  options.also("-l");
  options.list("--annotation", "K=V", request.annotations, "annotation of the manifest (repeatable)");
  options.also("-a");
  options.value("--stop-signal", "SIGNAL", request.stop_signal, "signal that stops the program");
  options.value("--health-cmd", "ARGV", request.health_cmd,
                "health check: a JSON array, or a command for the image's shell");
  options.value("--health-interval", "TIME", request.health_interval,
                "time between health checks, e.g. 30s (default: the runtime's, 30s in docker)");
  options.value("--health-timeout", "TIME", request.health_timeout,
                "time that a health check may take (default: the runtime's, 30s in docker)");
  options.value("--health-start-period", "TIME", request.health_start_period,
                "time after the start in which failed checks do not count (default: none)");
  options.value("--health-start-interval", "TIME", request.health_start_interval,
                "time between checks in the start period (default: the runtime's, 5s in docker)");
  options.value("--health-retries", "N", request.health_retries,
                "failures in a row that make a container unhealthy (default: the runtime's, 3 in docker)");
  options.flag("--no-healthcheck", request.no_health_check, "turn off the base's health check");
  options.value("--shell", "ARGV", request.shell, "shell for the shell form of health checks and Dockerfiles");
  options.list("--on-build", "TEXT", request.on_build,
               "instruction for Dockerfiles whose base is this image (repeatable)");
  options.value("--author", "TEXT", request.author, "author of the image");
}

Result<oci::Annotations> parse_annotations(const std::vector<std::string>& words) {
  oci::Annotations annotations;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(error(Errc::invalid_argument, "--annotation \"{}\" is not NAME=VALUE", printable(word, 200))
                      .with_hint("write e.g. --annotation org.opencontainers.image.version=1.4.0"));
    }
    annotations[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return annotations;
}

std::vector<std::string> given_config_flags(const builder::AdHocRequest& r) {
  std::vector<std::string> given;
  const auto note = [&](const char* flag, bool is_given) {
    if (is_given) given.emplace_back(flag);
  };
  note("--entrypoint", r.entrypoint.has_value());
  note("--cmd", r.cmd.has_value());
  note("--env", !r.env.empty());
  note("--user", r.user.has_value());
  note("--workdir", r.workdir.has_value());
  note("--port", !r.ports.empty());
  note("--volume", !r.volumes.empty());
  note("--label", !r.labels.empty());
  note("--annotation", !r.annotations.empty());
  note("--stop-signal", r.stop_signal.has_value());
  note("--health-cmd", r.health_cmd.has_value());
  note("--health-interval", r.health_interval.has_value());
  note("--health-timeout", r.health_timeout.has_value());
  note("--health-start-period", r.health_start_period.has_value());
  note("--health-start-interval", r.health_start_interval.has_value());
  note("--health-retries", r.health_retries.has_value());
  note("--no-healthcheck", r.no_health_check);
  note("--shell", r.shell.has_value());
  note("--on-build", !r.on_build.empty());
  note("--author", r.author.has_value());
  return given;
}

}  // namespace slipway::cli
