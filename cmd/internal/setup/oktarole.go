package setup

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"

	"factorbot/cmd/internal/cli"
)

// OktaAccess is what the bot's identity in Okta needs, and why.
type OktaAccess struct {
	CustomRole    customRole   `json:"custom_role"`
	ResourceSet   resourceSet  `json:"resource_set"`
	StandardRoles []oktaNeed   `json:"standard_roles"`
	Scopes        []oktaScope  `json:"oauth_scopes"` // of a service app; a token has none
	Permissions   []permission `json:"permissions"`  // the role's, explained

	ApproversRole customRole  `json:"approvers_role"` // for step_up: who approves is asked, and never reset
	ApproversSet  resourceSet `json:"approvers_resource_set"`
}

// customRole is the body of POST /api/v1/iam/roles.
type customRole struct {
	Label       string   `json:"label"`
	Description string   `json:"description"`
	Permissions []string `json:"permissions"`
}

// resourceSet is the body of POST /api/v1/iam/resource-sets.
type resourceSet struct {
	Label       string   `json:"label"`
	Description string   `json:"description"`
	Resources   []string `json:"resources"`
}

// permission is one of the custom role's.
type permission struct {
	Name      string `json:"name"`
	Label     string `json:"label"` // as the console calls it
	Why       string `json:"why"`
	Resources string `json:"resources"`
}

// oktaNeed is a name and the reason for it.
type oktaNeed struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// oktaScope is an OAuth scope with the calls that it is for, as Okta's OpenAPI
// description writes their paths.
type oktaScope struct {
	Name  string   `json:"name"`
	Calls []string `json:"calls"`
}

// Permissions are the least that a custom role needs (names: Okta's permission
// types, developer.okta.com, role assignment).
func Permissions() []permission {
	const users = "the users who may be reset"
	return []permission{
		{"okta.users.read", "View users and their details", "look users up, list their factors", users},
		{"okta.users.credentials.resetFactors", "Reset users' authenticators", "the reset", users},
		{"okta.users.lifecycle.clearSessions", "Clear users' sessions", "only for sessions:revoke and revoke_sessions", users},
		{"okta.groups.read", "View groups and their details", "only for group:\"NAME\" and groups in the policy", "the groups that may be named"},
		{"okta.iam.read", "View roles, resources, and admin assignments", "know the administrators", "all identity and access"},
		{"okta.apps.read", "View application and their details", "know who has the Okta Admin Console: administrators whose role comes through a group", "all applications"},
	}
}

// standardRoles are what no custom role can give. Okta's permission types have
// none for the System Log; its documents give the log to the report, read-only,
// org and super administrators; of these the first sees the least else.
func standardRoles() []oktaNeed {
	return []oktaNeed{{"REPORT_ADMIN", "read the System Log: without it nothing in doubt is ever settled, and verify: log proves nothing"}}
}

func OktaScopes() []oktaScope {
	return []oktaScope{
		{"okta.users.manage", []string{"POST /api/v1/users/{id}/lifecycle/reset_factors", "DELETE /api/v1/users/{userId}/factors/{factorId}", "DELETE /api/v1/users/{userId}/sessions", "POST /api/v1/users/{userId}/factors/{factorId}/verify"}},
		{"okta.users.read", []string{"GET /api/v1/users", "GET /api/v1/users/{id}", "GET /api/v1/users/{userId}/factors", "GET /api/v1/users/{userId}/factors/{factorId}/transactions/{transactionId}"}},
		{"okta.roles.read", []string{"GET /api/v1/iam/assignees/users", "GET /api/v1/users/{userId}/roles"}},
		{"okta.groups.read", []string{"GET /api/v1/groups", "GET /api/v1/groups/{groupId}/users"}},
		{"okta.logs.read", []string{"GET /api/v1/logs"}},
		{"okta.apps.read", []string{"GET /api/v1/apps", "GET /api/v1/apps/{appId}/users"}},
		{"okta.schemas.read", []string{"GET /api/v1/meta/schemas/user/{schemaId}"}},
		{"okta.orgs.read", []string{"GET /api/v1/org"}},
	}
}

// accessFor is what is needed at the org, with the users of these groups as
// those who may be reset. Groups, apps and users are named by their REST URLs;
// for identity and access management there is none, so it goes by its ORN.
func accessFor(org, orgID string, groups, approvers []string) OktaAccess {
	a := OktaAccess{
		CustomRole: customRole{Label: "factorbot", Description: "Resets MFA factors; reads users, groups, administrators"},
		ResourceSet: resourceSet{
			Label:       "factorbot",
			Description: "Users who may be reset. Only groups without administrators: Okta then refuses to reset one, whatever the bot is told.",
		},
		ApproversRole: customRole{Label: "factorbot approvers", Description: "Asks approvers in Okta Verify, for step_up. Resets nobody.", Permissions: []string{"okta.users.read"}},
		ApproversSet:  resourceSet{Label: "factorbot approvers", Description: "Those who approve, administrators among them. The role with the resets never gets this set."},
		StandardRoles: standardRoles(), Scopes: OktaScopes(), Permissions: Permissions(),
	}
	for _, p := range a.Permissions {
		a.CustomRole.Permissions = append(a.CustomRole.Permissions, p.Name)
	}
	for _, g := range groups {
		a.ResourceSet.Resources = append(a.ResourceSet.Resources, org+"/api/v1/groups/"+g+"/users", org+"/api/v1/groups/"+g)
	}
	for _, g := range approvers {
		a.ApproversSet.Resources = append(a.ApproversSet.Resources, org+"/api/v1/groups/"+g+"/users", org+"/api/v1/groups/"+g)
	}
	a.ResourceSet.Resources = append(a.ResourceSet.Resources, org+"/api/v1/apps", "orn:"+partition(org)+":iam:"+orgID+":contained_resources")
	return a
}

// partition is the part of Okta that an org is in, as its resource names (ORNs) say it:
// preview orgs are in one of their own (the names in okta/terraform-provider-okta and
// okta-governance-sdk-golang); no other has been seen, EMEA and government included.
func partition(org string) string {
	if u, err := url.Parse(org); err == nil && strings.HasSuffix(strings.ToLower(u.Hostname()), ".oktapreview.com") {
		return "oktapreview"
	}
	return "okta"
}

// verifyPermission says what is not known of the second role.
const verifyPermission = `  Okta's permissions catalog names none for issuing a challenge, and this was not tried against a live
  org: factorbot doctor says what Okta answers. If it refuses, the next wider permission is
  okta.users.credentials.manage, which also lets the bot reset approvers: weigh that against step_up.`

// RunOktaRole prints what the bot's identity in Okta needs.
func RunOktaRole(_ context.Context, args []string, env cli.Env) error {
	flags := cli.NewFlags("okta-role")
	org := flags.String("org-url", "https://ORG.okta.com", "`URL` of the org")
	orgID := flags.String("org-id", "ORG_ID", "`ID` of the org (GET /api/v1/org)")
	groups := flags.StringSlice("groups", []string{"GROUP_ID"}, "Okta group `IDS` whose members may be reset; none with administrators")
	approvers := flags.StringSlice("approver-groups", []string{"APPROVER_GROUP_ID"}, "Okta group `IDS` whose members approve, for step_up")
	asJSON := flags.Bool("json", false, "JSON; custom_role and resource_set are the bodies of POST /api/v1/iam/roles and /resource-sets")
	if err := cli.Parse(flags, args, env.Stdout, "Print the least that the bot's identity in Okta needs, each with its reason.\n\nUsage: factorbot okta-role [flags]\n\n"); err != nil {
		return err
	}
	a := accessFor(strings.TrimRight(*org, "/"), *orgID, *groups, *approvers)
	if *asJSON {
		return cli.PrintJSON(env.Stdout, a)
	}
	return a.write(env.Stdout)
}

// write prints it for people.
func (a OktaAccess) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "1. Custom role %q (Security > Administrators > Roles)\n\n", a.CustomRole.Label)
	for _, p := range a.Permissions {
		fmt.Fprintf(w, "  %s\t%s\t%s\ton: %s\n", p.Name, p.Label, p.Why, p.Resources)
	}
	fmt.Fprintf(w, "\n2. Resource set %q (Security > Administrators > Resources)\n\n  %s\n\n", a.ResourceSet.Label, a.ResourceSet.Description)
	for _, r := range a.ResourceSet.Resources {
		fmt.Fprintf(w, "  %s\n", r)
	}
	fmt.Fprint(w, "\n3. Standard role besides, because no custom role can give it\n\n")
	for _, r := range a.StandardRoles {
		fmt.Fprintf(w, "  %s\t%s\n", r.Name, r.Why)
	}
	fmt.Fprint(w, "\n4. OAuth scopes, for a service app only: grant all, Okta gives no token if one is missing\n\n")
	for _, s := range a.Scopes {
		fmt.Fprintf(w, "  %s\t%s\n", s.Name, strings.Join(s.Calls, ", "))
	}
	fmt.Fprintf(w, "\n5. For step_up only: a second custom role %q on a resource set of its own\n\n", a.ApproversRole.Label)
	fmt.Fprintf(w, "  %s\tView users and their details\tlist approvers' phones, ask one by push\ton: those who approve\n", strings.Join(a.ApproversRole.Permissions, ", "))
	for _, r := range a.ApproversSet.Resources {
		fmt.Fprintf(w, "  %s\n", r)
	}
	fmt.Fprint(w, "\n"+verifyPermission+"\n")
	fmt.Fprint(w, "\nNo administrator belongs in the resource set: not in these groups, and not Everyone.\n")
	return w.Flush()
}
