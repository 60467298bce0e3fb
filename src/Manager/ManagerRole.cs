using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Hosting.StaticWebAssets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.FluentUI.AspNetCore.Components;
using Ostiary.Manager.Components;
using Ostiary.Manager.Servers;
using Ostiary.Manager.SignIn;

namespace Ostiary.Manager;

/// <summary>
/// The Licensing Manager: pages for administrators of a license server. It keeps nothing: what it shows, the license server's administration says,
/// and what it does, it does with the token of the person who is signed in.
/// </summary>
public static class ManagerRole
{
    // Scripts and styles of our own only. Components set style attributes, which run nothing.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    /// <exception cref="ArgumentException">Options are not right; all that is wrong is said at once.</exception>
    public static WebApplication Build(ManagerOptions options, TimeProvider time, Action<ILoggingBuilder> logging)
    {
        if (options.Check() is { Count: > 0 } errors)
            throw new ArgumentException(string.Join("; ", errors), nameof(options));

        // The manifests of static files lie beside the executable, under its name.
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = System.Reflection.Assembly.GetEntryAssembly()!.GetName().Name, ContentRootPath = AppContext.BaseDirectory });
        logging(builder.Logging);
        StaticWebAssetsLoader.UseStaticWebAssets(builder.Environment, builder.Configuration);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton<SignedInPeople>();
        builder.Services.AddScoped<LicenseServerConnection>();
        builder.Services.AddScoped<TreeChanges>();
        builder.Services.AddHttpContextAccessor();
        // A restart signs everybody out of the pages, and out of nothing else: the cookie names an entry in memory.
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(cookie =>
        {
            cookie.Cookie.Name = options.UsesTls ? "__Host-ostiary-manager" : "ostiary-manager";
            cookie.Cookie.SameSite = SameSiteMode.Strict;
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SecurePolicy = options.UsesTls ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
            cookie.LoginPath = SignInPages.Path;
            cookie.ReturnUrlParameter = SignInPages.ReturnTo;
            cookie.Events.OnValidatePrincipal = SignedInPeople.RequireKnownAsync;
        });
        builder.Services.AddAuthorization();
        builder.Services.AddCascadingAuthenticationState();
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddFluentUIComponents();
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(options.EndPoint, listener =>
            {
                if (options.UsesTls)
                    listener.UseHttps(X509Certificate2.CreateFromPemFile(options.CertificateFile!, options.CertificateKeyFile));
            });
        });

        var app = builder.Build();
        app.Use((context, next) =>
        {
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = ContentSecurityPolicy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
            return next(context);
        });
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapStaticAssets().AllowAnonymous();
        SignInPages.Map(app);
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(server =>
        {
            // The headers above say who may frame and run what; the framework's own policy would be a second one.
            server.ContentSecurityFrameAncestorsPolicy = null;
        }).RequireAuthorization();
        return app;
    }

    /// <summary>Where browsers reach a started Manager, also when the system chose the port.</summary>
    public static Uri AddressOf(WebApplication manager)
        => new(manager.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
}
