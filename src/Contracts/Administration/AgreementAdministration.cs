using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Administration;

// Agreements: what a publisher has sold by a license program other than retail. Key packs are drawn from them, and never more than was agreed.

/// <summary>CALs of one type and version in an agreement.</summary>
/// <param name="Type">What they are held by.</param>
/// <param name="Version">Their version.</param>
/// <param name="Quantity">As many as may be drawn, 1 to 1,000,000.</param>
/// <param name="Drawn">As many as were; not part of a request.</param>
public sealed record AgreementLimit(CalType Type, CalVersion Version, int Quantity, int Drawn = 0);

/// <summary><c>POST /v1/agreements</c>.</summary>
/// <param name="Program">A license program with numbers, e.g. <c>select</c>.</param>
/// <param name="Numbers">What stands on the customer's papers, as the program has them; no two agreements of a program have the same.</param>
/// <param name="Customer">Whom it is with, at most 200 characters.</param>
/// <param name="Until">Its end; null for none. Nothing is drawn after it.</param>
/// <param name="PacksEndWithIt">Key packs drawn from it end with it (a term, as under a service provider's agreement); else they are perpetual.</param>
/// <param name="Limits">1 to 50, each of another type or version.</param>
/// <param name="LicenseServers">Who may draw, by License Server ID, at most 1,000. Numbers of a few digits can be guessed, so without any it is everybody only where the program's numbers are long.</param>
public sealed record AddAgreementRequest(
    string Program, IReadOnlyList<string> Numbers, string Customer, DateTimeOffset? Until, bool PacksEndWithIt, IReadOnlyList<AgreementLimit> Limits, IReadOnlyList<string>? LicenseServers);

/// <summary><c>PUT /v1/agreements/{id}</c>: what is null stays as it is.</summary>
/// <param name="Until">Its end.</param>
/// <param name="Limits">In the place of those before; none may be less than what was drawn.</param>
/// <param name="LicenseServers">In the place of those before.</param>
/// <param name="Closed">Whether nothing is drawn from it any more.</param>
public sealed record ChangeAgreementRequest(DateTimeOffset? Until, IReadOnlyList<AgreementLimit>? Limits, IReadOnlyList<string>? LicenseServers, bool? Closed);

/// <summary><c>GET /v1/agreements?after=&amp;limit=</c>, by number; <c>GET /v1/agreements/{id}</c> shows one.</summary>
/// <param name="Id">The row's number.</param>
/// <param name="Program">The license program.</param>
/// <param name="Numbers">What stands on the customer's papers.</param>
/// <param name="Customer">Whom it is with.</param>
/// <param name="EnteredAt">When it was entered.</param>
/// <param name="Until">Its end; null for none.</param>
/// <param name="PacksEndWithIt">Whether key packs drawn from it end with it.</param>
/// <param name="Closed">Whether nothing is drawn from it any more.</param>
/// <param name="Limits">What may be drawn, and what was.</param>
/// <param name="LicenseServers">Who may draw.</param>
public sealed record AgreementRecord(
    long Id, string Program, IReadOnlyList<string> Numbers, string Customer, DateTimeOffset EnteredAt, DateTimeOffset? Until, bool PacksEndWithIt, bool Closed,
    IReadOnlyList<AgreementLimit> Limits, IReadOnlyList<string> LicenseServers);

/// <summary><c>GET /v1/agreements/{id}/draws?after=&amp;limit=</c>, by number; <c>POST /v1/draws/release</c> (a <see cref="ReleaseDrawRequest"/>) gives one back that was never installed.</summary>
/// <param name="Number">The draw's number, which is its product key's.</param>
/// <param name="AgreementId">The agreement.</param>
/// <param name="LicenseServerId">Whom it is for.</param>
/// <param name="Type">What the CALs are held by.</param>
/// <param name="Version">The version of the CALs.</param>
/// <param name="Quantity">How many.</param>
/// <param name="DrawnAt">When it was drawn last.</param>
/// <param name="RedeemedAt">When it was installed; null while it was not.</param>
/// <param name="PackId">The key pack that it became.</param>
/// <param name="ReleasedAt">When it was given back; null while it counts.</param>
public sealed record DrawRecord(
    long Number, long AgreementId, string LicenseServerId, CalType Type, CalVersion Version, int Quantity, DateTimeOffset DrawnAt, DateTimeOffset? RedeemedAt, Guid? PackId,
    DateTimeOffset? ReleasedAt);

/// <param name="Number">The draw's number.</param>
public sealed record ReleaseDrawRequest(long Number);

/// <summary><c>POST /v1/telephone/draws</c>: an operator has heard an agreement's numbers and what is wanted. Answers a <see cref="ProductKeyRecord"/> with its text.</summary>
/// <param name="LicenseServerId">35 symbols.</param>
/// <param name="Program">The license program.</param>
/// <param name="Numbers">What stands on the customer's papers.</param>
/// <param name="Type">What the CALs are held by.</param>
/// <param name="Version">The version of the CALs.</param>
/// <param name="Quantity">1 to 16,383.</param>
/// <param name="Nonce">16 bytes of the operator's choosing: the same again draws nothing a second time.</param>
public sealed record TelephoneDrawRequest(string LicenseServerId, string Program, IReadOnlyList<string> Numbers, CalType Type, CalVersion Version, int Quantity, byte[] Nonce);

/// <summary><c>POST /v1/packs/draws</c> of a license server: draws CALs from an agreement and installs their key pack. <c>POST /v1/packs/draws/request</c> answers what is carried by hand instead.</summary>
/// <param name="Program">A license program with numbers, e.g. <c>select</c>.</param>
/// <param name="Numbers">What stands on the agreement's papers.</param>
/// <param name="Type">What the CALs are held by.</param>
/// <param name="Version">The version of the CALs.</param>
/// <param name="Quantity">1 to 16,383.</param>
public sealed record DrawPackRequest(string Program, IReadOnlyList<string> Numbers, CalType Type, CalVersion Version, int Quantity);

/// <summary><c>POST /v1/packs/draws/answer</c> of a license server: the key pack that came back.</summary>
/// <param name="ResponseCode">From the clearinghouse's page.</param>
public sealed record CarriedDrawAnswer(string ResponseCode);
