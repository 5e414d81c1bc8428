#include "cli/opener.h"

#include <map>
#include <mutex>

#include "cli/output.h"
#include "cli/registry_catalog.h"
#include "cli/side_login.h"
#include "cli/streams.h"
#include "cli/terminal.h"
#include "slipway/io/hash.h"
#include "slipway/layer/plain_tar.h"
#include "slipway/registry/certificates.h"
#include "slipway/registry/session.h"
#include "slipway/store/archive.h"
#include "slipway/store/layout.h"

namespace slipway::cli {
namespace {

stdfs::path xdg_folder(const EnvLookup& env, const char* variable, const char* fallback) {
  if (const auto folder = env(variable); folder && !folder->empty() && (*folder)[0] == '/') {
    return stdfs::path(*folder) / "slipway";
  }
  if (const auto home = env("HOME"); home && !home->empty()) return stdfs::path(*home) / fallback / "slipway";
  return {};
}

/// One side's connections.
struct Connections {
  std::unique_ptr<http::HttpTransport> transport;
  std::unique_ptr<registry::CredentialStore> credentials;
  std::unique_ptr<registry::KnowledgeStore> knowledge;
  std::unique_ptr<registry::UploadJournal> uploads;
  std::shared_ptr<registry::Session> session;
};

Connections connections_for(const SideFlags& flags, const Globals& globals, const Surroundings& surroundings,
                            std::unique_ptr<registry::CredentialStore> credentials, Side side) {
  http::TransportOptions transport;
  transport.ca_file = flags.ca_file.value_or("");
  transport.certificates = registry::find_certificates(*surroundings.fs, surroundings.env, flags.cert_dir.value_or(""));
  transport.verify_tls = flags.tls_verify && !flags.insecure;
  transport.idle_timeout = std::chrono::seconds(globals.timeout);
  transport.hints = {.certificate = "check this machine's clock; trust a private CA with --ca-file FILE",
                     .authorities = "install ca-certificates, or name a PEM file with SSL_CERT_FILE or --ca-file FILE",
                     .tls = "check that this is a TLS port; --plain-http talks without TLS",
                     .timeout = "raise --timeout if the network is slow"};
  registry::RegistryOptions options;
  options.plain_http = flags.plain_http;
  options.insecure = flags.insecure;
  options.require_tls = flags.ca_file.has_value() || flags.cert_dir.has_value();
  options.retry.tries = globals.retry + 1;
  options.side = side;
  Connections c;
  c.transport = http::curl_transport(transport);
  c.credentials = std::move(credentials);
  const stdfs::path cache = cache_folder(surroundings.env);
  std::function<void(const std::string&)> warn;
  if (!globals.quiet) {
    warn = [&surroundings](const std::string& text) {
      surroundings.write_err(warning_line(safe_text(text), surroundings));
    };
  }
  c.knowledge =
      registry::file_knowledge(*surroundings.fs, *surroundings.clock, cache.empty() ? cache : cache / "hosts");
  const stdfs::path state = user_state_folder(surroundings.env);
  c.uploads =
      registry::file_upload_journal(*surroundings.fs, *surroundings.clock, state.empty() ? state : state / "uploads");
  c.session = registry::Session::create({.transport = c.transport.get(),
                                         .credentials = c.credentials.get(),
                                         .clock = surroundings.clock,
                                         .rng = surroundings.rng,
                                         .knowledge = c.knowledge.get(),
                                         .stop = surroundings.stop,
                                         .warn = std::move(warn),
                                         .uploads = c.uploads.get()},
                                        options);
  return c;
}

/// One login for every registry: one that is tried before it is kept, or that of a side.
class OneLogin final : public registry::CredentialStore {
 public:
  explicit OneLogin(registry::Credential login) : login_(std::move(login)) {}
  Result<std::optional<registry::Credential>> find(const std::string&, const std::string&) override { return login_; }

 private:
  std::optional<registry::Credential> login_;
};

class RealOpener final : public store::Opener {
 public:
  RealOpener(const Globals& globals, const Surroundings& surroundings)
      : globals_(globals), surroundings_(surroundings), standard_output_(surroundings) {}

  Result<std::shared_ptr<store::ReadTarget>> open_for_reading(const oci::Location& location, Side side) override {
    if (location.transport() == oci::Transport::layout) {
      SLIPWAY_ASSIGN(auto layout, store::LayoutTarget::open(location.path(), layout_options(location)));
      return std::shared_ptr<store::ReadTarget>(std::move(layout));
    }
    if (!location.is_registry()) {
      SLIPWAY_ASSIGN(auto archive, store::ArchiveTarget::open(location.path(), archive_options(location)));
      return std::shared_ptr<store::ReadTarget>(std::move(archive));
    }
    SLIPWAY_ASSIGN(auto target, open_registry(location, side));
    return std::shared_ptr<store::ReadTarget>(std::move(target));
  }

  Result<std::shared_ptr<store::Target>> open_for_writing(const oci::Location& location, Side side) override {
    if (location.transport() == oci::Transport::layout) {
      SLIPWAY_ASSIGN(auto layout, store::LayoutTarget::open_or_create(location.path(), layout_options(location)));
      return std::shared_ptr<store::Target>(std::move(layout));
    }
    if (!location.is_registry()) {
      SLIPWAY_ASSIGN(auto archive, store::ArchiveTarget::open_or_create(location.path(), archive_options(location)));
      return std::shared_ptr<store::Target>(std::move(archive));
    }
    return open_registry(location, side);
  }

 private:
  store::ArchiveOptions archive_options(const oci::Location& location) {
    const bool docker = location.transport() == oci::Transport::docker_archive;
    return {.kind = docker ? store::ArchiveKind::docker : store::ArchiveKind::oci,
            .fs = surroundings_.fs,
            .spool_folder = temporary_folder(surroundings_),
            .standard_input = &standard_input_,
            .standard_output = &standard_output_,
            .decompress = layer::plain_tar};
  }

  store::LayoutOptions layout_options(const oci::Location& location) const {
    store::LayoutOptions options{.fs = surroundings_.fs, .verified_record = {}};
    const stdfs::path cache = cache_folder(surroundings_.env);
    if (!cache.empty()) options.verified_record = cache / "verified" / io::digest_of(location.path()).short_hex();
    return options;
  }

  Result<std::shared_ptr<store::Target>> open_registry(const oci::Location& location, Side side) {
    const std::scoped_lock lock(mutex_);
    SLIPWAY_ASSIGN(Connections * connections, connect(side));
    return connections->session->open(location,
                                      side == Side::destination ? registry::Access::write : registry::Access::read);
  }

  /// A side has its own session only where its flags differ from the common ones.
  Result<Connections*> connect(Side side) {
    const auto [found, added] = connections_.try_emplace(side);
    Connections& c = found->second;
    if (!added) return &c;
    const SideFlags flags = flags_of(side);
    auto credentials = credentials_of(flags, side);
    if (!credentials) {
      connections_.erase(found);
      return fail(std::move(credentials).error());
    }
    c = connections_for(flags, globals_, surroundings_, *std::move(credentials), side);
    return &c;
  }

  /// The login of this run's side where one is given, else the files of logins.
  Result<std::unique_ptr<registry::CredentialStore>> credentials_of(const SideFlags& flags, Side side) {
    SLIPWAY_ASSIGN(auto login, side_login(surroundings_.env, side));
    if (login) return std::unique_ptr<registry::CredentialStore>(std::make_unique<OneLogin>(*std::move(login)));
    return registry::file_credentials(*surroundings_.fs, surroundings_.env, flags.authfile.value_or(""));
  }

  SideFlags flags_of(Side side) const {
    SideFlags flags = globals_.both;
    if (side == Side::local) return flags;
    const SideFlags& own = side == Side::source ? globals_.source : globals_.destination;
    if (own.authfile) flags.authfile = own.authfile;
    if (own.ca_file) flags.ca_file = own.ca_file;
    if (own.cert_dir) flags.cert_dir = own.cert_dir;
    flags.tls_verify = flags.tls_verify && own.tls_verify;
    flags.plain_http = flags.plain_http || own.plain_http;
    flags.insecure = flags.insecure || own.insecure;
    return flags;
  }

  const Globals& globals_;
  const Surroundings& surroundings_;
  StandardInput standard_input_;
  StandardOutput standard_output_;
  std::mutex mutex_;
  std::map<Side, Connections> connections_;
};

}  // namespace

stdfs::path cache_folder(const EnvLookup& env) { return xdg_folder(env, "XDG_CACHE_HOME", ".cache"); }

stdfs::path user_state_folder(const EnvLookup& env) { return xdg_folder(env, "XDG_STATE_HOME", ".local/state"); }

Status check_login(const Globals& globals, const Surroundings& surroundings, const std::string& host,
                   const registry::Credential& login) {
  const Connections c =
      connections_for(globals.both, globals, surroundings, std::make_unique<OneLogin>(login), Side::local);
  Status taken = c.session->check_login(host);
  if (taken) return taken;
  if (taken.error().code != Errc::unauthorized) return fail(std::move(taken).error().in("logging in to " + host));
  return fail(Error(Errc::unauthorized, fmt::format("the registry {} refused this login", host))
                  .with_hint(fmt::format("check the user name and the password or token: slipway login {} -u USER "
                                         "--password-stdin < FILE",
                                         host)));
}

Result<std::vector<registry::ProbeFinding>> probe(const Globals& globals, const Surroundings& surroundings,
                                                  const std::string& host, const std::string& repository, bool upload) {
  const Connections c = connections_for(
      globals.both, globals, surroundings,
      registry::file_credentials(*surroundings.fs, surroundings.env, globals.both.authfile.value_or("")), Side::local);
  return c.session->probe(host, repository, upload);
}

Result<std::vector<std::string>> catalog(const Globals& globals, const Surroundings& surroundings,
                                         const std::string& host) {
  const Connections c = connections_for(
      globals.both, globals, surroundings,
      registry::file_credentials(*surroundings.fs, surroundings.env, globals.both.authfile.value_or("")), Side::local);
  return c.session->catalog(host);
}

std::unique_ptr<store::Opener> make_opener(const Globals& globals, const Surroundings& surroundings) {
  return std::make_unique<RealOpener>(globals, surroundings);
}

}  // namespace slipway::cli
