// What libssl has as macros only, and the few calls whose order matters, so that Swift cannot get them wrong.
#ifndef CTLS_SHIM_H
#define CTLS_SHIM_H
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>

// A client's context: TLS 1.2 at least, and a peer whose certificate the system's authorities vouch for.
static inline SSL_CTX *ctls_client_context(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context) return 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, 0);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_default_verify_paths(context) != 1) {
        SSL_CTX_free(context);
        return 0;
    }
    return context;
}

// A connection over `fd` to the host of this name (RFC 6125), or of this address where it is one.
static inline SSL *ctls_connection(SSL_CTX *context, int fd, const char *host, int is_address) {
    SSL *ssl = SSL_new(context);
    if (!ssl) return 0;
    X509_VERIFY_PARAM *parameters = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    int is_ready = is_address
        ? X509_VERIFY_PARAM_set1_ip_asc(parameters, host)
        : X509_VERIFY_PARAM_set1_host(parameters, host, 0) && SSL_set_tlsext_host_name(ssl, host);
    if (is_ready != 1 || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return 0;
    }
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_connect_state(ssl);
    return ssl;
}

// A connection that breaks while this thread writes is an error of the write, not the end of the process.
static inline void ctls_ignore_broken_pipes(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, 0);
}
#endif
