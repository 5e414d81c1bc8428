#include "cli/command.h"
#include "cli/next_step.h"
#include "cli/opener.h"
#include "slipway/base/text.h"
#include "slipway/registry/credentials.h"

namespace slipway::cli {
namespace {

struct LoginFlags {
  std::string host;
  std::optional<std::string> username;
  bool password_stdin = false;
};

std::string authfile_of(const Context& context) { return context.globals().both.authfile.value_or(""); }

/// A registry's host as people write it: "https://" and a final slash are forgiven, a path is not.
Result<std::string> registry_host(std::string_view text) {
  if (text.rfind("https://", 0) == 0) text.remove_prefix(std::string_view("https://").size());
  while (!text.empty() && text.back() == '/')
    text.remove_suffix(1);
  if (text == "index.docker.io") text = "docker.io";
  if (oci::is_valid_host(text)) return std::string(text);
  return fail(Error(Errc::invalid_argument, fmt::format("\"{}\" is not the host of a registry", printable(text, 150)))
                  .with_hint("write HOST or HOST:PORT alone, such as registry.example.com:5000"));
}

/// The first line of standard input: what `echo` and password managers write.
Result<Secret> password_from(const Surroundings& surroundings) {
  std::string text = surroundings.read_in();
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
    text.pop_back();
  if (text.empty()) {
    return fail(Error(Errc::invalid_argument, "standard input holds no password")
                    .with_hint("run: slipway login HOST -u USER --password-stdin < FILE"));
  }
  return Secret(std::move(text));
}

Result<int> run_login(Context& context, const LoginFlags& f) {
  SLIPWAY_ASSIGN(const std::string host, registry_host(f.host));
  const bool named = f.username && !f.username->empty() && f.username->find(':') == std::string::npos;
  if (!named || !f.password_stdin) {
    return fail(
        Error(Errc::invalid_argument, "login needs a user name without a colon, and a password on standard input")
            .with_hint("run: slipway login " + host + " -u USER --password-stdin < FILE"));
  }
  registry::Credential login;
  login.username = *f.username;
  SLIPWAY_ASSIGN(login.password, password_from(context.surroundings()));
  login.origin = "standard input";
  SLIPWAY_ASSIGN(const stdfs::path file,
                 registry::login_file(context.fs(), context.surroundings().env, authfile_of(context)));
  SLIPWAY_TRY(check_login(context.globals(), context.surroundings(), host, login));
  if (!context.globals().dry_run) SLIPWAY_TRY(registry::store_login(context.fs(), file, host, login));
  context.note(fmt::format("logged in to {} as {} ({})", host, printable(login.username, 150), file.string()));
  return 0;
}

struct LogoutFlags {
  std::string host;
};

Result<int> run_logout(Context& context, const LogoutFlags& f) {
  SLIPWAY_ASSIGN(const std::string host, registry_host(f.host));
  SLIPWAY_ASSIGN(const stdfs::path file,
                 registry::login_file(context.fs(), context.surroundings().env, authfile_of(context)));
  if (context.globals().dry_run) return 0;
  SLIPWAY_ASSIGN(const bool removed, registry::remove_login(context.fs(), file, host));
  context.note(removed ? fmt::format("logged out of {} ({})", host, file.string())
                       : fmt::format("{1} has no login for {0}", host, file.string()));
  return 0;
}

struct AuthFlags {
  std::string action;
  std::string host;
};

std::string kind_of(const registry::Credential& login) {
  if (!login.registry_token.empty()) return "registry token";
  if (!login.identity_token.empty()) return "identity token";
  return "password";
}

/// Passwords in a file that others may read are theirs, too.
void warn_of_others(Context& context, const std::string& origin) {
  if (origin.empty() || origin[0] != '/') return;
  const auto stat = context.fs().stat(origin, true);
  constexpr std::uint32_t kOthers = 077;
  if (stat && (stat->mode & kOthers) != 0) {
    context.warn(fmt::format("{} is open to other users (mode {:04o}): chmod 600 {}", origin, stat->mode, origin));
  }
}

Result<int> run_auth(Context& context, const AuthFlags& f) {
  if (f.action != "which") {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("unknown action \"{}\": slipway auth takes which", printable(f.action, 40)))
                    .with_hint(fmt::format("run: slipway auth which {}", shell_word(f.host))));
  }
  const std::size_t slash = f.host.find('/');
  SLIPWAY_ASSIGN(const std::string host, registry_host(std::string_view(f.host).substr(0, slash)));
  const std::string repository = slash == std::string::npos ? "" : f.host.substr(slash + 1);
  const auto store = registry::file_credentials(context.fs(), context.surroundings().env, authfile_of(context));
  SLIPWAY_ASSIGN(const auto login, store->find(host, repository));
  if (login) warn_of_others(context, login->origin);
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/auth").set("host", host);
    document.set("kind", login ? kind_of(*login) : "anonymous");
    if (login) document.set("username", login->username).set("origin", login->origin);
    SLIPWAY_TRY(context.print_document(document));
    return 0;
  }
  if (!login) {
    SLIPWAY_TRY(context.print(host + ": anonymous"));
    return 0;
  }
  const std::string user = login->username.empty() ? "" : " of " + printable(login->username, 150);
  SLIPWAY_TRY(context.print(fmt::format("{}: {}{} from {}", host, kind_of(*login), user, login->origin)));
  return 0;
}

}  // namespace

Command login_command() {
  return {.name = "login",
          .aliases = {},
          .summary = "log in to a registry",
          .description =
              "Checks a user name and password with the registry and stores them in the file that docker and podman "
              "read. The password is read from standard input and never from the command line.",
          .synopsis = "HOST -u USER --password-stdin",
          .examples = {{"with a token in a file", "slipway login registry.example.com -u ci --password-stdin < token"},
                       {"to a file of your own",
                        "slipway login registry.example.com -u ci --password-stdin --authfile ci.json < token"}},
          .statuses = {{14, "the registry refused the login"}},
          .see_also = {"logout", "auth"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<LoginFlags>();
            options.positional("HOST", flags->host, "a registry: HOST or HOST:PORT");
            options.value("-u,--username", "USER", flags->username, "user name");
            options.flag("--password-stdin", flags->password_stdin, "read the password from standard input");
            return [flags](Context& context) { return run_login(context, *flags); };
          }};
}

Command logout_command() {
  return {.name = "logout",
          .aliases = {},
          .summary = "remove a registry's login",
          .description = "Removes the login of a registry from the credentials file. Contacts no registry.",
          .synopsis = "HOST",
          .examples = {{"the usual file", "slipway logout registry.example.com"},
                       {"a file of your own", "slipway logout registry.example.com --authfile ci.json"}},
          .see_also = {"login", "auth"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<LogoutFlags>();
            options.positional("HOST", flags->host, "a registry: HOST or HOST:PORT");
            return [flags](Context& context) { return run_logout(context, *flags); };
          }};
}

Command auth_command() {
  return {.name = "auth",
          .aliases = {},
          .summary = "show which login a registry would get",
          .description =
              "Prints the kind, user and origin of the login that slipway would send to a registry. Never prints a "
              "password or token, and contacts no registry.",
          .synopsis = "which HOST[/REPOSITORY]",
          .examples = {{"of a host", "slipway auth which registry.example.com"},
                       {"of a repository, whose own entry comes first",
                        "slipway auth which registry.example.com/team/app"}},
          .see_also = {"login", "probe"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<AuthFlags>();
            options.positional("ACTION", flags->action, "which: print the login of HOST");
            options.positional("HOST", flags->host, "a registry, or a repository on it");
            return [flags](Context& context) { return run_auth(context, *flags); };
          }};
}

}  // namespace slipway::cli
